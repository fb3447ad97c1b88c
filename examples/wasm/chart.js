// SPDX-License-Identifier: MIT
// A chart of groups of horizontal bars, as SVG. Its numbers are text, so that nobody has to see the bars.

const element = (name, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
};

const barHeight = 15, gap = 4, labelHeight = 24, names = 84, values = 56;

/// width: in pixels, so that its text is as large as other text · groups: [{label, bars: [{label, kind, value}]}]
export function barChart(title, width, groups) {
    const all = groups.flatMap((group) => group.bars);
    const largest = Math.max(...all.map((bar) => bar.value));
    const height = groups.length * labelHeight + all.length * (barHeight + gap) + groups.length * 8;
    const summary = groups.map((group) =>
        `${group.label}: ${group.bars.map((bar) => `${bar.label} ${bar.value}`).join(", ")}`).join("; ");
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}. ${summary}` });
    let y = 0;
    for (const group of groups) {
        svg.append(element("text", { x: 0, y: y + 15 }, group.label));
        y += labelHeight;
        for (const bar of group.bars) {
            const length = Math.max(2, ((width - names - values) * bar.value) / largest);
            svg.append(
                element("text", { x: 0, y: y + 12, class: "part" }, bar.label),
                element("rect", { x: names, y, width: length, height: barHeight, rx: 3, class: bar.kind }),
                element("text", { x: names + length + 6, y: y + 12, class: "value" }, String(Number(bar.value.toPrecision(3)))),
            );
            y += barHeight + gap;
        }
        y += 8;
    }
    const figure = document.createElement("figure");
    figure.className = "chart";
    const caption = document.createElement("figcaption");
    caption.textContent = title;
    figure.append(caption, svg);
    return figure;
}
