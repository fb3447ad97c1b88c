// SPDX-License-Identifier: MIT
// The worker: owns the WebAssembly module and answers the page. A request is {id, call, value}; an answer is
// {id, value} or {id, error}. While a story is told it gives one token at a time, so that it hears when to stop.

// A function with i32x4.relaxed_dot_i8x16_i7x16_add_s alone: an engine takes it or refuses it.
const relaxedProbe = new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0,
    65, 1, 253, 15, 65, 2, 253, 15, 65, 3, 253, 15, 253, 147, 2, 11,
]);

let wasm; // the module: functions of page.hpp
let stopped = false;

const encoder = new TextEncoder();
const bytes = (pointer, count) => new Uint8Array(wasm.HEAPU8.buffer, pointer, count);
const textBytes = () => bytes(wasm._page_text(), wasm._page_text_bytes()).slice();
const text = () => new TextDecoder().decode(textBytes());

/// Copies typed arrays and strings into the module's memory for the time of f(...pointers).
function lend(values, f) {
    const pointers = [];
    try {
        for (const value of values) {
            const data = typeof value === "string" ? encoder.encode(value + "\0") : new Uint8Array(value.buffer);
            const pointer = wasm._page_memory(data.length);
            if (pointer === 0) throw new Error("not enough memory");
            pointers.push(pointer);
            bytes(pointer, data.length).set(data);
        }
        return f(...pointers);
    } finally {
        pointers.forEach((pointer) => wasm._page_free(pointer));
    }
}
function checked(result) {
    if (result === 0) throw new Error(text());
    return result;
}

async function start() {
    if (typeof WebAssembly !== "object") throw new Error("this browser has no WebAssembly");
    const modules = await (await fetch("modules.json")).json();
    const fit = modules.filter((name) => name !== "bitnet-relaxed" || WebAssembly.validate(relaxedProbe));
    const problems = [];
    for (const name of fit.reverse()) {
        try {
            const { default: create } = await import(`./${name}.js`);
            wasm = await create();
            wasm._page_self_test();
            const report = { module: name, ...JSON.parse(text()) };
            const wrong = report.clusters.find((cluster) => cluster.wrong !== null);
            if (!wrong) return report;
            problems.push(`${wrong.name}: ${wrong.wrong} gives wrong results here`);
        } catch (error) {
            problems.push(`${name}: ${error.message}`);
        }
    }
    throw new Error(problems.join("; "));
}

function load({ name, file }) {
    lend([name], (label) => {
        const pointer = wasm._page_memory(file.byteLength); // which page_load takes
        if (pointer === 0) throw new Error(`${name}: not enough memory`);
        bytes(pointer, file.byteLength).set(new Uint8Array(file));
        checked(wasm._page_load(pointer, file.byteLength, label));
    });
    return JSON.parse(text());
}

// Lets messages come in: a task of its own, without the 4 ms that browsers add to nested timers.
const channel = new MessageChannel();
const breathe = () => new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
});

async function tell({ prompt, seed, temperature, topP, topK, tokens }) {
    stopped = false;
    lend([prompt, seed], (p, s) => checked(wasm._page_begin(p, s, temperature, topP, topK, tokens)));
    const decoder = new TextDecoder(); // a token may end within a character
    postMessage({ prompt: decoder.decode(textBytes(), { stream: true }) });
    const began = performance.now();
    let count = 0;
    let end = "length";
    while (count < tokens) {
        await breathe();
        if (stopped) {
            end = "stop";
            break;
        }
        const result = checked(wasm._page_next());
        if (result !== 1) {
            end = result === 3 ? "text" : "context";
            break;
        }
        ++count;
        postMessage({ token: decoder.decode(textBytes(), { stream: true }), count, seconds: (performance.now() - began) / 1000 });
    }
    const rest = decoder.decode();
    if (rest !== "") postMessage({ token: rest, count, seconds: (performance.now() - began) / 1000 });
    return { count, end };
}

function speed({ product, cluster, size, tokens, milliseconds }) {
    lend([product, cluster], (p, c) => checked(wasm._page_speed(p, c, size, tokens, milliseconds)));
    return Number(text());
}

function quantize({ formats, weights, rows, cols, x }) {
    lend([formats, weights, x], (f, w, v) => checked(wasm._page_quantize(f, w, rows, cols, v)));
    return JSON.parse(text());
}

const calls = { start, load, tell, speed, quantize };
onmessage = async ({ data: { id, call, value } }) => {
    if (call === "stop") {
        stopped = true;
        return;
    }
    try {
        postMessage({ id, value: await calls[call](value) });
    } catch (error) {
        postMessage({ id, error: error.message });
    }
};
