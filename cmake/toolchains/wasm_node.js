// SPDX-License-Identifier: MIT
// Programs for Node. They see its environment, as programs of a system do: emscripten's is made up. And they
// find their module: emscripten 3.1.6 would fetch() it where there is such a function, and Node's takes no files.
Module["preRun"] = Module["preRun"] || [];
Module["preRun"].push(() => {
    if (typeof ENV === "undefined") return;
    for (const [name, value] of Object.entries(process.env)) {
        ENV[name] = Buffer.from(value).toString("latin1"); // emscripten takes a character for a byte
    }
});
globalThis.fetch = undefined;
