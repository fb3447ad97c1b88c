// SPDX-License-Identifier: MIT
// What both users of a browser here share: which one, its flags, and a small server of local files.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { accessSync, constants } from "node:fs";
import path from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome"];

/// The path of a Chromium; undefined where PATH has none.
export function findChromium() {
    for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
        for (const name of names) {
            const file = path.join(folder, name);
            try {
                accessSync(file, constants.X_OK);
                return file;
            } catch {
                // the next one
            }
        }
    }
    return undefined;
}

// It stays alone: nothing but this machine is asked for anything.
export const flags = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const types = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".mjs": "text/javascript",
    ".json": "application/json", ".svg": "image/svg+xml", ".wasm": "application/wasm",
};

/// Serves `folder` on a free port of 127.0.0.1; `handle(request, response)` may answer first, with true.
/// Returns the server and its address.
export async function serve(folder, handle = () => false) {
    const server = createServer(async (request, response) => {
        if (await handle(request, response)) return;
        const name = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
        const file = path.join(folder, name.endsWith("/") ? name + "index.html" : name);
        try {
            const bytes = await readFile(file);
            response.setHeader("Content-Type", types[path.extname(file)] ?? "application/octet-stream");
            response.end(bytes);
        } catch {
            response.writeHead(404).end();
        }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, address: `http://127.0.0.1:${server.address().port}/` };
}
