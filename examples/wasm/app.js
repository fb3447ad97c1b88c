// SPDX-License-Identifier: MIT
// Starts the worker and gives each part of the page what it needs of it.
import { setUpStory } from "./story.js";
import { setUpPlayground } from "./playground.js";
import { setUpSpeed } from "./speed.js";

const worker = new Worker("worker.js", { type: "module" });
const waiting = new Map(); // id -> how the answer is given
let lastId = 0;

const engine = {
    /// The worker's answer to a call; `onPiece` gets what comes before it.
    ask(call, value, onPiece) {
        return new Promise((resolve, reject) => {
            waiting.set(++lastId, { resolve, reject, onPiece });
            worker.postMessage({ id: lastId, call, value });
        });
    },
    stop: () => worker.postMessage({ call: "stop" }),
};
worker.onmessage = ({ data }) => {
    if (data.id === undefined) { // a piece of the one call that has pieces
        for (const { onPiece } of waiting.values()) onPiece?.(data);
        return;
    }
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) resolve(data.value);
    else reject(new Error(data.error));
};
worker.onerror = (event) => show("wrong", `The worker does not start: ${event.message ?? "this browser is too old"}`);

function show(state, text) {
    const line = document.getElementById("engine");
    line.dataset.state = state;
    line.textContent = text;
}

const names = { scalar: "scalar", wasm_simd128: "SIMD128", wasm_relaxed: "relaxed SIMD" };
try {
    const report = await engine.ask("start");
    document.getElementById("engine").dataset.clusters = report.clusters.map(({ name }) => name).join(" ");
    show("ready", `self-test passed · ${names[report.in_use]} · version ${report.version}`);
    setUpPlayground(engine);
    setUpSpeed(engine, report.clusters.map(({ name }) => ({ name, label: names[name] })));
    await setUpStory(engine);
} catch (error) {
    show("wrong", error.message);
}
