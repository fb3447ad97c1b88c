// SPDX-License-Identifier: MIT
// The benchmark: some products on every cluster of the module, with one token and with many.
import { barChart } from "./chart.js";

const $ = (id) => document.getElementById(id);

const products = [
    { name: "w158a8", label: "W1.58A8: ternary × int8" },
    { name: "w1a8", label: "W1A8: binary × int8" },
    { name: "w158a1", label: "W1.58A1: ternary × signs" },
    { name: "w1a1", label: "W1A1: binary × signs" },
];
const sizes = [
    { tokens: 1, title: "One token, GOP/s" },
    { tokens: 64, title: "64 tokens, GOP/s" },
];
const size = 1024;
const milliseconds = 60; // of each measurement

export function setUpSpeed(engine, clusters) {
    $("measure").disabled = false;
    $("measure").addEventListener("click", async () => {
        $("measure").disabled = true;
        $("charts").replaceChildren();
        const total = sizes.length * products.length * clusters.length;
        let done = 0;
        try {
            for (const { tokens, title } of sizes) {
                const groups = [];
                for (const { name, label } of products) {
                    const bars = [];
                    for (const cluster of clusters) {
                        $("speed-status").textContent = `measuring ${++done} of ${total} …`;
                        const value = await engine.ask("speed", { product: name, cluster: cluster.name, size, tokens, milliseconds });
                        bars.push({ label: cluster.label, kind: cluster.name, value });
                    }
                    groups.push({ label, bars });
                }
                const width = Number.parseFloat(getComputedStyle($("charts")).gridTemplateColumns); // of a column
                $("charts").append(barChart(title, width, groups));
            }
            $("speed-status").textContent = "All results were right.";
        } catch (error) {
            $("speed-status").textContent = error.message;
        }
        $("measure").disabled = false;
    });
}
