// SPDX-License-Identifier: MIT
// Programs for Node. They see its environment, as programs of a system do: emscripten's is made up. And they
// find their module: emscripten 3.1.6 would fetch() it where there is such a function, and Node's takes no files.
Module["preRun"] = Module["preRun"] || [];
Module["preRun"].push(() => {
    if (typeof ENV !== "undefined") Object.assign(ENV, process.env);
});
globalThis.fetch = undefined;
