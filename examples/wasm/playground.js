// SPDX-License-Identifier: MIT
// The playground: a matrix that is drawn or pasted, its codes, and the product beside that of the floats.
const $ = (id) => document.getElementById(id);

const most = 12; // rows and columns of a drawing
const steps = [0, 0.5, 1, -1, -0.5]; // what a click goes through
const first = {
    weights: [[0.9, 0.8, 0.1, -0.1, -0.7, -1], [0.7, 1, 0.9, 0, -0.2, -0.8], [0.1, 0.8, 1, 0.6, 0.1, -0.2],
        [-0.2, 0, 0.7, 1, 0.9, 0.1], [-0.9, -0.2, 0.1, 0.8, 1, 0.7], [-1, -0.6, -0.1, 0.2, 0.9, 0.8]],
    x: [1.2, -0.4, 0.7, 0.1, -1.5, 0.3],
};

const short = (value) => String(Number(value.toPrecision(3))).replace("-", "−");
const lines = (matrix) => matrix.map((row) => row.join(" ")).join("\n");

/// The numbers of a text, by lines; an Error says where it has none.
function parse(text, what) {
    return text.split("\n").map((line) => line.trim()).filter((line) => line !== "").map((line, r) =>
        line.split(/[\s,;]+/).filter((word) => word !== "").map((word) => {
            const value = Number(word.replace("−", "-"));
            if (!Number.isFinite(value)) throw new Error(`${what}, line ${r + 1}: “${word}” is not a number`);
            return value;
        }));
}

/// A table of rows × cols cells; cell(td, r, c) fills them.
function table(role, rows, cols, label, cell) {
    const made = document.createElement("table");
    made.setAttribute("aria-label", label);
    made.setAttribute("role", role); // all roles are told, for the style sheet makes a grid of it
    for (let r = 0; r < rows; ++r) {
        const tr = made.insertRow();
        tr.setAttribute("role", "row");
        for (let c = 0; c < cols; ++c) {
            const td = tr.insertCell();
            td.setAttribute("role", role === "grid" ? "gridcell" : "cell");
            cell(td, r, c);
        }
    }
    made.tBodies[0].setAttribute("role", "rowgroup");
    return made;
}

export function setUpPlayground(engine) {
    let weights = first.weights.map((row) => [...row]);
    let x = [...first.x];
    let at = { r: 0, c: 0 }; // the cell that Tab reaches
    let wanted = 0; // counts requests: only the last one's answer is shown

    const complain = (text) => {
        $("playground-error").textContent = text;
        $("playground-error").hidden = text === "";
    };
    const cellAt = (r, c) => $("weights").firstElementChild.rows[r].cells[c];

    function paint(td, value) {
        const strength = Math.round(Math.min(1, Math.abs(value)) * 45); // so that ink stays readable on it
        td.textContent = short(value);
        td.style.background = strength === 0 ? "" : `color-mix(in srgb, var(${value > 0 ? "--plus" : "--minus"}) ${strength}%, var(--card))`;
    }
    function label(td, r, c) {
        td.setAttribute("aria-label", `row ${r + 1}, column ${c + 1}: ${weights[r][c]}`);
    }
    function set(r, c, value) {
        weights[r][c] = value;
        paint(cellAt(r, c), value);
        label(cellAt(r, c), r, c);
        $("weights-text").value = lines(weights);
        quantize();
    }
    function draw() {
        $("weights").replaceChildren(table("grid", weights.length, weights[0].length, "weights, to be drawn", (td, r, c) => {
            td.tabIndex = r === at.r && c === at.c ? 0 : -1;
            Object.assign(td.dataset, { r, c });
            paint(td, weights[r][c]);
            label(td, r, c);
        }));
    }

    function show(result) {
        const rows = weights.length;
        const cols = weights[0].length;
        $("codes").replaceChildren(table("table", rows, cols, "codes of the weights", (td, r, c) => {
            const code = result.codes[r * cols + c];
            td.textContent = short(code);
            td.dataset.code = Math.sign(code);
        }));
        $("scale").textContent = `× ${short(result.scale)}`;
        const distinct = new Set(result.codes).size;
        $("codes-note").textContent = `${rows * cols} weights, ${distinct} different ${distinct === 1 ? "code" : "codes"}, one scale.`;
        $("x-codes").textContent = `${result.x_codes.join(" ").replaceAll("-", "−")} × ${short(result.x_scale)}`;
        const errors = result.y.map((y, r) => y - result.exact[r]);
        const largest = Math.max(...errors.map(Math.abs), 1e-30);
        $("product").replaceChildren(...errors.map((error, r) => {
            const tr = document.createElement("tr");
            for (const value of [r + 1, short(result.y[r]), short(result.exact[r])]) tr.insertCell().textContent = value;
            const bar = Object.assign(document.createElement("span"), { className: "bar" });
            bar.style.width = `${(Math.abs(error) / largest) * 3}rem`;
            tr.insertCell().append(bar, short(error));
            return tr;
        }));
        const norm = (list) => Math.sqrt(list.reduce((sum, v) => sum + v * v, 0));
        const share = norm(errors) / Math.max(norm(result.exact), 1e-30);
        $("product-note").textContent = `The error is ${(100 * share).toFixed(1)} % of the product of the floats.`;
    }

    async function quantize() {
        const mine = ++wanted;
        complain("");
        try {
            const cols = weights[0].length;
            if (x.length !== cols) throw new Error(`x has ${x.length} numbers, and the matrix ${cols} columns`);
            const result = await engine.ask("quantize", {
                formats: $("formats").value, rows: weights.length, cols, weights: Float32Array.from(weights.flat()), x: Float32Array.from(x),
            });
            if (mine === wanted) show(result);
        } catch (error) {
            if (mine === wanted) complain(error.message);
        }
    }

    $("weights-text").addEventListener("input", () => {
        try {
            const parsed = parse($("weights-text").value, "weights");
            if (parsed.length === 0) throw new Error("the matrix is empty");
            const uneven = parsed.findIndex((row) => row.length !== parsed[0].length);
            if (uneven > 0) throw new Error(`weights, line ${uneven + 1}: ${parsed[uneven].length} numbers, and line 1 has ${parsed[0].length}`);
            if (parsed.length > most || parsed[0].length > most) throw new Error(`the matrix is larger than ${most} × ${most}`);
            weights = parsed;
            at = { r: 0, c: 0 };
            draw();
            quantize();
        } catch (error) {
            complain(error.message);
        }
    });
    $("x-text").addEventListener("input", () => {
        try {
            x = parse($("x-text").value, "x").flat();
            quantize();
        } catch (error) {
            complain(error.message);
        }
    });
    $("formats").addEventListener("change", quantize);

    // Drawing: a click changes a cell, and dragging gives its value to the others.
    const next = (value) => steps[(steps.indexOf(value) + 1) % steps.length];
    let brush;
    $("weights").addEventListener("pointerdown", (event) => {
        const td = event.target.closest("td");
        if (!td) return;
        const [r, c] = [Number(td.dataset.r), Number(td.dataset.c)];
        brush = next(weights[r][c]);
        set(r, c, brush);
        go(r, c);
        event.preventDefault();
    });
    addEventListener("pointermove", (event) => {
        if (brush === undefined) return;
        const td = document.elementFromPoint(event.clientX, event.clientY)?.closest("#weights td");
        if (td && weights[td.dataset.r][td.dataset.c] !== brush) set(Number(td.dataset.r), Number(td.dataset.c), brush);
    });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => { brush = undefined; });

    function go(r, c) {
        if (r < 0 || c < 0 || r >= weights.length || c >= weights[0].length) return;
        cellAt(at.r, at.c).tabIndex = -1;
        at = { r, c };
        cellAt(r, c).tabIndex = 0;
        cellAt(r, c).focus();
    }
    const keys = {
        ArrowUp: ({ r, c }) => go(r - 1, c),
        ArrowDown: ({ r, c }) => go(r + 1, c),
        ArrowLeft: ({ r, c }) => go(r, c - 1),
        ArrowRight: ({ r, c }) => go(r, c + 1),
        " ": ({ r, c }) => set(r, c, next(weights[r][c])),
        Enter: ({ r, c }) => set(r, c, next(weights[r][c])),
        "+": ({ r, c }) => set(r, c, Number((weights[r][c] + 0.1).toFixed(3))),
        "-": ({ r, c }) => set(r, c, Number((weights[r][c] - 0.1).toFixed(3))),
    };
    $("weights").addEventListener("keydown", (event) => {
        const action = keys[event.key];
        if (!action) return;
        event.preventDefault();
        action(at);
    });

    $("weights-text").value = lines(weights);
    $("x-text").value = x.join(" ");
    draw();
    quantize();
}
