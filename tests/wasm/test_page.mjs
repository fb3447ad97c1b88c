// SPDX-License-Identifier: MIT
// The page of examples/wasm in a real browser: what somebody sees who types, stops, drops a file, draws and measures.
//
//   node test_page.mjs FOLDER [SCREENSHOTS]     the built page; where pictures of it go
//
// Needs Chromium in PATH, and `npm ci` in this folder. Exit code 77: one of them is missing.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findChromium, flags, serve } from "./chromium.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const [folder, pictures] = process.argv.slice(2);
const executablePath = findChromium();
const { chromium } = await import("playwright-core").catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    return {};
});
if (!executablePath || !chromium) {
    console.log(`skipped: ${executablePath ? "run npm ci in tests/wasm" : "no Chromium in PATH"}`);
    process.exit(77);
}
const stories = JSON.parse(await readFile(path.join(here, "../cli/stories.json"), "utf8"));
const axe = await readFile(path.join(here, "node_modules/axe-core/axe.min.js"), "utf8");

const { server, address } = await serve(folder);
const browser = await chromium.launch({ executablePath, args: flags });
const page = await browser.newPage({ viewport: { width: 1080, height: 900 }, reducedMotion: "reduce" });
const complaints = []; // of the browser's console, and of requests beyond the folder
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
page.on("request", (request) => request.url().startsWith(address) || request.url().startsWith("data:") || complaints.push(request.url()));

const $ = (id) => page.locator(`#${id}`);
const told = () => $("told").evaluate((element) => element.textContent);
const finished = () => page.waitForSelector("#told[aria-busy=false] >> nth=0", { timeout: 60_000 })
    .then(() => page.waitForFunction(() => document.getElementById("story-status").textContent !== "", null, { timeout: 60_000 }));
async function tell(options) {
    for (const [id, value] of Object.entries(options)) await $(id).fill(String(value));
    await $("tell").click();
}
async function choose(model) {
    await $("model").selectOption(`stories-${model}.bitnet`);
    await page.waitForFunction((name) => document.getElementById("command").textContent.includes(name), `stories-${model}.bitnet`);
}

let failed = 0;
async function check(what, body) {
    try {
        await body();
        console.log(`passed: ${what}`);
    } catch (error) {
        ++failed;
        console.log(`FAILED: ${what}\n${error.stack}`);
    }
}

await page.goto(address);
await check("the module starts, and its clusters agree with the scalar one", async () => {
    await page.waitForSelector("#engine:not([data-state=busy])");
    assert.match(await $("engine").textContent(), /^self-test passed · (SIMD128|relaxed SIMD) · version /);
    const relaxed = JSON.parse(await readFile(path.join(folder, "modules.json"), "utf8")).includes("bitnet-relaxed");
    assert.equal(await $("engine").getAttribute("data-clusters"), `scalar wasm_simd128${relaxed ? " wasm_relaxed" : ""}`);
    console.log(`        ${await $("engine").textContent()}`);
});
await page.waitForSelector("#tell:enabled");

for (const [model, story] of Object.entries(stories)) {
    await check(`the ${model} model tells what the program tells`, async () => {
        await choose(model);
        await tell({ prompt: "Once", seed: 1, tokens: 40 });
        await finished();
        assert.equal(await told(), story);
        assert.match(await $("rate").textContent(), /^\d+ tokens\/s$/);
        console.log(`        ${await $("rate").textContent()}`);
    });
}
await choose("ternary");

await check("another seed is another story, and the first one comes again", async () => {
    await tell({ seed: 2 });
    await finished();
    assert.notEqual(await told(), stories.ternary);
    await tell({ seed: 1 });
    await finished();
    assert.equal(await told(), stories.ternary);
});

await check("a seed that is none is refused by the library's own words", async () => {
    await $("seed").evaluate((element) => element.removeAttribute("pattern"));
    await tell({ seed: "18446744073709551616" });
    await page.waitForSelector("#model-error:visible");
    assert.match(await $("model-error").textContent(), /the seed must be a whole number/);
    await $("seed").fill("1");
});

await check("a story stops when it is told to, and stays as it is", async () => {
    // As soon as there is a word: the whole story may take no second.
    await page.evaluate(() => {
        const stop = document.getElementById("stop");
        new MutationObserver((_, observer) => {
            if (document.querySelector("#told .made") === null) return;
            observer.disconnect();
            stop.focus();
            stop.click();
        }).observe(document.getElementById("told"), { childList: true, subtree: true });
    });
    await tell({ prompt: "Once upon a time", tokens: 1000 });
    await finished();
    assert.match(await $("story-status").textContent(), /^Stopped\./);
    const text = await told();
    const count = Number.parseInt(await $("progress").textContent(), 10);
    assert.ok(count > 0 && count < 100, `${count} tokens`);
    await page.waitForTimeout(200);
    assert.equal(await told(), text);
    assert.equal(await page.evaluate(() => document.activeElement.id), "tell"); // not lost with the button
});

const sound = await readFile(path.join(folder, "stories-ternary.bitnet"));
await check("a damaged file is refused with the place, by button and by drop; the model before it still tells", async () => {
    const flipped = Buffer.from(sound);
    flipped[flipped.length - 1000] ^= 1;
    await $("file").setInputFiles({ name: "flipped.bitnet", mimeType: "", buffer: flipped });
    await page.waitForSelector("#model-error:visible");
    assert.match(await $("model-error").textContent(), /^flipped\.bitnet: .*checksum/);
    console.log(`        ${await $("model-error").textContent()}`);
    await page.evaluate((bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "cut.bitnet"));
        document.body.dispatchEvent(new DragEvent("dragenter", { dataTransfer: data, bubbles: true }));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    }, [...sound.subarray(0, 100_000)]);
    await page.waitForFunction(() => document.getElementById("model-error").textContent.startsWith("cut.bitnet: "));
    console.log(`        ${await $("model-error").textContent()}`);
    assert.ok(await $("drop").isHidden());
    await tell({ prompt: "Once", tokens: 40 });
    await finished();
    assert.equal(await told(), stories.ternary);
});
await check("a sound file of one's own is told from", async () => {
    await $("file").setInputFiles({ name: "mine.bitnet", mimeType: "", buffer: sound });
    await page.waitForFunction(() => document.getElementById("command").textContent.includes("mine.bitnet"));
    await tell({});
    await finished();
    assert.equal(await told(), stories.ternary);
    await choose("ternary");
});

/// What is in the playground's tables, as numbers.
const cells = (selector) => page.$$eval(selector, (all) => all.map((cell) => Number(cell.textContent.replace("−", "-"))));
await check("the playground's numbers are those of the formulas", async () => {
    const weights = [[0.5, -0.25, 0.1, 2], [-1, 0, 0.3, -0.7]];
    const x = [1, -2, 0.5, 0.25];
    await $("weights-text").fill(weights.map((row) => row.join(" ")).join("\n"));
    await $("x-text").fill(x.join(", "));
    await page.waitForFunction(() => document.querySelectorAll("#codes td").length === 8);
    const scale = weights.flat().reduce((sum, w) => sum + Math.abs(w), 0) / 8;
    const codes = weights.flat().map((w) => Math.max(-1, Math.min(1, Math.round(w / scale))) + 0);
    assert.deepEqual(await cells("#codes td"), codes);
    assert.equal(await $("scale").textContent(), `× ${Number(scale.toPrecision(3))}`);
    const a = 127 / 2;
    const q = x.map((v) => Math.round(v * a));
    const table = await page.$$eval("#product tr", (rows) => rows.map((row) =>
        [...row.cells].map((cell) => Number(cell.textContent.replace("−", "-")))));
    weights.forEach((row, r) => {
        const dot = row.reduce((sum, _, c) => sum + codes[4 * r + c] * q[c], 0);
        const y = (dot / a) * scale;
        const exact = row.reduce((sum, w, c) => sum + w * x[c], 0);
        [r + 1, y, exact, y - exact].forEach((value, i) =>
            assert.ok(Math.abs(table[r][i] - value) <= 0.006 * Math.abs(value) + 1e-6, `row ${r + 1}: ${table[r]} and ${value}`));
    });
});
await check("a cell changes by click and by keys; what is no number is named", async () => {
    const cell = page.locator("#weights td").first();
    await cell.click();
    assert.equal(await cell.textContent(), "1"); // after 0.5
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("+");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^row 1, column 2: -0\.15$/);
    assert.match(await $("weights-text").inputValue(), /^1 -0\.15 /);
    await $("weights-text").fill("1 2\n3 four");
    assert.match(await $("playground-error").textContent(), /line 2: “four” is not a number/);
    await $("weights-text").fill("1 2\n3");
    assert.match(await $("playground-error").textContent(), /line 2: 1 numbers, and line 1 has 2/);
});

await check("the benchmark finds all results right and draws a bar for each", async () => {
    const clusters = (await $("engine").getAttribute("data-clusters")).split(" ").length;
    await $("measure").click();
    await page.waitForSelector("#measure:enabled", { timeout: 120_000 });
    assert.equal(await $("speed-status").textContent(), "All results were right.");
    assert.equal(await page.locator(".chart rect").count(), 2 * 4 * clusters);
    assert.ok((await page.$$eval(".chart rect", (bars) => bars.map((bar) => bar.width.baseVal.value))).every((width) => width > 0));
    const text = await page.locator(".chart svg").evaluateAll((all) => all.map((svg) => svg.getAttribute("aria-label")));
    for (const line of text) console.log(`        ${line}`);
});

await page.reload();
await page.waitForSelector("#tell:enabled");
await tell({ prompt: "Once upon a time", tokens: 120 });
await finished();
await $("measure").click();
await page.waitForSelector("#measure:enabled", { timeout: 120_000 });
for (const colorScheme of ["light", "dark"]) {
    await check(`nothing hinders anybody, ${colorScheme}`, async () => {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((node) => node.html).join(" ")}`), []);
    });
    if (pictures) await page.screenshot({ path: path.join(pictures, colorScheme === "light" ? "wasm.png" : "wasm-dark.png"), fullPage: true });
}
await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });

await check("Tab reaches every control, and each has a name", async () => {
    const wanted = await page.$$eval("a, button:enabled, input:enabled, select:enabled, textarea, summary, [tabindex='0']", (all) => {
        all.forEach((element, i) => { element.dataset.tab = i; });
        return all.filter((element) => element.checkVisibility()).map((element) => element.dataset.tab);
    });
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });
    const reached = new Set();
    for (let i = 0; i < wanted.length + 5; ++i) {
        await page.keyboard.press("Tab");
        reached.add(await page.evaluate(() => document.activeElement.dataset.tab));
    }
    const missed = wanted.filter((tab) => !reached.has(tab));
    assert.deepEqual(await page.evaluate((tabs) => tabs.map((tab) => document.querySelector(`[data-tab="${tab}"]`).outerHTML.slice(0, 80)), missed), []);
});
await check("on a phone a chart's text is as large as other text", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await $("measure").click();
    await page.waitForSelector("#measure:enabled", { timeout: 120_000 });
    const scales = await page.$$eval(".chart svg", (all) => all.map((svg) => svg.clientWidth / svg.viewBox.baseVal.width));
    assert.equal(scales.length, 2);
    for (const scale of scales) assert.ok(Math.abs(scale - 1) < 0.05, `${scale}`);
});
for (const width of [360, 320]) {
    await check(`nothing is cut off or scrolls sideways on ${width} pixels`, async () => {
        await page.setViewportSize({ width, height: 740 });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    });
    if (pictures && width === 360) await page.screenshot({ path: path.join(pictures, "wasm-phone.png"), fullPage: true });
}
await check("the browser complains of nothing, and asks nobody else", () => assert.deepEqual(complaints, []));

await browser.close();
server.close();
console.log(failed === 0 ? "all passed" : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
