// SPDX-License-Identifier: MIT
// Runs a test program, built for the web, in Chromium as if it were a program of this system: its arguments,
// the variables BITNET_*, what it prints, its exit code. The presets name it as CMake's emulator.
//
//   node run_in_chromium.mjs PROGRAM.js [ARGUMENT...]
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findChromium, flags, serve } from "./chromium.mjs";

const [program, ...args] = process.argv.slice(2);
const chromium = findChromium();
if (!program || !chromium) {
    console.error(program ? "no Chromium in PATH" : "run_in_chromium.mjs PROGRAM.js [ARGUMENT...]");
    process.exit(2);
}
const variables = Object.entries(process.env).filter(([name]) => name.startsWith("BITNET_"));
const page = `<!doctype html><script>
const lines = [];
const report = (code) => fetch("/report", { method: "POST", body: JSON.stringify({ code, lines }) });
addEventListener("error", (event) => { lines.push(event.message); report(134); });
addEventListener("unhandledrejection", (event) => { lines.push(String(event.reason)); report(134); });
var Module = {
    arguments: ${JSON.stringify(args)},
    preRun: [() => { if (typeof ENV !== "undefined") Object.assign(ENV, ${JSON.stringify(Object.fromEntries(variables))}); }],
    print: (line) => lines.push(line),
    printErr: (line) => lines.push(line),
    onAbort: () => report(134),
    onExit: report,
};
</script><script src=${JSON.stringify(path.basename(program))}></script>`;

let browser;
const profile = await mkdtemp(path.join(tmpdir(), "bitnet-"));
const done = new Promise((resolve) => {
    serve(path.dirname(path.resolve(program)), async (request, response) => {
        if (request.url === "/") {
            response.setHeader("Content-Type", "text/html");
            response.end(page);
        } else if (request.url === "/report") {
            let body = "";
            for await (const part of request) body += part;
            response.end();
            resolve(JSON.parse(body));
        } else {
            return false;
        }
        return true;
    }).then(({ address }) => {
        browser = spawn(chromium, ["--headless", `--user-data-dir=${profile}`, ...flags, address],
            { stdio: "ignore" });
        browser.on("exit", () => resolve({ code: 2, lines: ["Chromium has ended"] }));
    });
});
const { code, lines } = await done;
for (const line of lines) console.log(line);
const gone = new Promise((resolve) => browser.on("exit", resolve));
if (browser.exitCode === null && browser.signalCode === null) {
    browser.kill();
    await gone;
}
await rm(profile, { recursive: true, force: true, maxRetries: 5 });
process.exit(code);
