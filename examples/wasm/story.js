// SPDX-License-Identifier: MIT
// The story: its form, the model files, and the text as it comes.
const $ = (id) => document.getElementById(id);

const endings = {
    stop: "Stopped.", text: "The end.", length: "That is as long as you asked for.", context: "The model's context is full.",
};

/// "--seed 7" and the like, for a shell.
function commandLine(model, { prompt, seed, temperature, topP, topK, tokens }) {
    const quoted = `'${prompt.replaceAll("'", "'\\''")}'`;
    const options = [`--prompt ${quoted}`, `-n ${tokens}`, `--seed ${seed}`];
    if (temperature !== 0.7) options.push(`--temp ${temperature}`);
    if (topP !== 0.9) options.push(`--top-p ${topP}`);
    if (topK !== 40) options.push(`--top-k ${topK}`);
    return `bitnet generate --model ${model} ${options.join(" ")}`;
}

export async function setUpStory(engine) {
    let model = ""; // the name of the file that is loaded
    let busy = false; // with a story
    let loading = false;

    const values = () => ({
        prompt: $("prompt").value,
        seed: $("seed").value.trim(),
        temperature: Number($("temperature").value),
        topP: Number($("top-p").value),
        topK: Number($("top-k").value),
        tokens: Number($("tokens").value),
    });
    const refresh = () => {
        for (const name of ["temperature", "top-p"]) $(`${name}-value`).textContent = $(name).value;
        $("command").textContent = commandLine(model || $("model").value, values());
        $("tell").disabled = busy || loading || model === "";
        $("stop").disabled = !busy;
        $("model").disabled = busy;
        $("file").disabled = busy;
    };
    const complain = (text) => {
        $("model-error").textContent = text;
        $("model-error").hidden = text === "";
    };

    /// Loads a file of these bytes; the model before it stays when it is refused.
    async function load(name, file) {
        const m = await engine.ask("load", { name, file });
        model = name;
        complain("");
        $("model-note").textContent = `${m.weights} · ${m.layers} layers of ${m.dim} · context ${m.context} · ` +
            `${(m.bytes / 1e6).toFixed(2)} MB`;
        $("tokens").max = m.context;
    }
    async function guard(action) {
        loading = true;
        refresh();
        try {
            await action();
        } catch (error) {
            complain(error.message);
        }
        loading = false;
        refresh();
    }
    const loadShipped = () => guard(async () => {
        const name = $("model").value;
        const response = await fetch(name);
        if (!response.ok) throw new Error(`${name}: the server has no such file`);
        await load(name, await response.arrayBuffer());
    });
    const loadOwn = (file) => guard(async () => {
        await load(file.name, await file.arrayBuffer());
        let option = $("model").querySelector("[data-own]");
        if (!option) {
            option = document.createElement("option");
            option.dataset.own = "";
            $("model").append(option);
        }
        option.textContent = option.value = file.name;
        $("model").value = file.name;
        own = file;
    });
    let own; // the file that was opened last
    $("model").addEventListener("change", () => ($("model").selectedOptions[0].dataset.own === undefined ? loadShipped() : loadOwn(own)));
    $("file").addEventListener("change", () => {
        if ($("file").files.length > 0) loadOwn($("file").files[0]);
        $("file").value = ""; // the same file again is a change too
    });

    let inside = 0; // elements that the dragged file is over
    const over = (change) => {
        inside = change === 0 ? 0 : inside + change;
        $("drop").hidden = inside <= 0;
    };
    addEventListener("dragenter", (event) => { event.preventDefault(); over(1); });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("dragleave", () => over(-1));
    addEventListener("drop", (event) => {
        event.preventDefault();
        over(0);
        if (busy) complain("Stop the story first.");
        else if (event.dataTransfer.files.length > 0) loadOwn(event.dataTransfer.files[0]);
    });

    async function tell() {
        const options = values();
        const told = $("told");
        busy = true;
        refresh();
        told.setAttribute("aria-busy", "true");
        told.replaceChildren();
        $("rate").textContent = "–";
        $("progress").textContent = "";
        $("story-status").textContent = "";
        complain("");
        const add = (text, className) => {
            const atEnd = told.scrollHeight - told.scrollTop - told.clientHeight < 40;
            const last = told.lastElementChild;
            if (last && last.className === className) last.firstChild.appendData(text);
            else told.append(Object.assign(document.createElement("span"), { className, textContent: text }));
            if (atEnd) told.scrollTop = told.scrollHeight;
        };
        try {
            const { count, end } = await engine.ask("tell", options, (piece) => {
                if (piece.prompt !== undefined) {
                    if (piece.prompt !== "") add(piece.prompt, "prompt");
                    return;
                }
                add(piece.token, "made");
                $("rate").textContent = `${(piece.count / piece.seconds).toFixed(0)} tokens/s`;
                $("progress").textContent = `${piece.count} of ${options.tokens}`;
            });
            $("progress").textContent = `${count} tokens. ${endings[end]}`;
            // Read out whole: a screen reader would stumble over token after token.
            $("story-status").textContent = `${endings[end]} ${told.textContent}`;
        } catch (error) {
            complain(error.message);
        }
        told.setAttribute("aria-busy", "false");
        const hadFocus = document.activeElement === $("stop");
        busy = false;
        refresh();
        if (hadFocus) $("tell").focus();
    }

    $("story-form").addEventListener("submit", (event) => {
        event.preventDefault();
        if (!busy && !loading && model !== "") tell();
    });
    $("story-form").addEventListener("input", refresh);
    $("stop").addEventListener("click", engine.stop);
    $("dice").addEventListener("click", () => {
        $("seed").value = crypto.getRandomValues(new Uint16Array(1))[0];
        refresh();
    });
    refresh();
    await loadShipped();
}
