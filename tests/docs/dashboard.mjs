// Draws the Grafana dashboard over a running Prometheus: its own panels, places, queries, units and legends, without
// Grafana. Usage: dashboard.mjs DASHBOARD.json PROMETHEUS OUT.png
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [file, prometheus, out] = process.argv.slice(2);
const dashboard = JSON.parse(readFileSync(file, "utf8"));
const end = Date.now() / 1000;
const start = end - 80;
const COLORS = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#f2495c", "#8ab8ff", "#96d98d", "#ffb357", "#ca95e5"];
const UNITS = {
  reqps: (v) => `${round(v)} req/s`, ops: (v) => `${round(v)}/s`, percentunit: (v) => `${round(v * 100)} %`,
  s: (v) => (v < 1 ? `${round(v * 1000)} ms` : `${round(v)} s`), bytes: (v) => `${round(v / 1048576)} MiB`, short: (v) => round(v),
};
function round(v) {
  return Number.isFinite(v) ? String(Number(v.toPrecision(3))) : "–";
}
const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

async function ask(path, parameters) {
  const reply = await fetch(`${prometheus}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const { status, data, error } = await reply.json();
  if (status !== "success") throw new Error(error);
  return data.result;
}

async function series(panel) {
  const all = [];
  for (const target of panel.targets ?? []) {
    const query = target.expr.replaceAll("$__rate_interval", "10s").replaceAll("$__range", "1m").replaceAll("$job", ".*");
    for (const { metric, values } of await ask("query_range", { query, start, end, step: 1 })) {
      const name = (target.legendFormat ?? "").replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? "");
      all.push({ name: name || Object.values(metric).join(" "), values: values.map(([t, v]) => [t, Number(v)]) });
    }
  }
  return all;
}

function chart(all, width, height, show) {
  const numbers = all.flatMap((s) => s.values.map(([, v]) => v)).filter(Number.isFinite);
  const top = Math.max(...numbers, 1e-9) * 1.1;
  const x = (t) => 54 + ((t - start) / (end - start)) * (width - 62);
  const y = (v) => height - 8 - (v / top) * (height - 16);
  const grid = [0, 0.5, 1].map((part) => {
    const at = y((top / 1.1) * part);
    return `<line x1=54 x2=${width - 8} y1=${at} y2=${at} stroke=#2c3036 /><text x=48 y=${at + 3} text-anchor=end>${show((top / 1.1) * part)}</text>`;
  });
  const lines = all.map(({ values }, n) => {
    const points = values.filter(([, v]) => Number.isFinite(v)).map(([t, v]) => `${x(t).toFixed(1)},${y(v).toFixed(1)}`);
    return `<polyline points="${points.join(" ")}" fill=none stroke="${COLORS[n % COLORS.length]}" stroke-width=1.4 />`;
  });
  return `<svg width=${width} height=${height}>${grid.join("")}${lines.join("")}</svg>`;
}

const CELL = [46, 28];
const shown = [];
let drawn = 0;
for (const panel of dashboard.panels) {
  const { x, y, w, h } = panel.gridPos;
  const place = `left:${x * CELL[0]}px;top:${y * CELL[1]}px;width:${w * CELL[0] - 8}px;height:${h * CELL[1] - 8}px`;
  if (panel.type === "row") {
    shown.push(`<h2 style="${place}">${escape(panel.title)}</h2>`);
    continue;
  }
  const show = UNITS[panel.fieldConfig?.defaults?.unit] ?? UNITS.short;
  const all = await series(panel);
  const last = (s) => s.values.at(-1)?.[1];
  if (all.length > 0) drawn += 1;
  let body;
  if (panel.type === "stat") {
    body = `<b>${all.length ? show(last(all[0])) : "no data"}</b>`;
  } else if (panel.type === "table") {
    body = `<p class=table>${all.map((s) => escape(s.name)).join("<br>")}</p>`;
  } else {
    const legend = all.slice(0, 6).map((s, n) => `<i style="color:${COLORS[n % COLORS.length]}">■</i> ${escape(s.name)}`).join(" &nbsp; ");
    body = chart(all, w * CELL[0] - 24, h * CELL[1] - 78, show) + `<p>${legend}</p>`;
  }
  shown.push(`<section style="${place}"><h3>${escape(panel.title)}</h3>${body}</section>`);
}
if (drawn < 20) throw new Error(`only ${drawn} panels show data`);

const height = Math.max(...dashboard.panels.map((p) => p.gridPos.y + p.gridPos.h)) * CELL[1];
const style = `body{margin:0;background:#111217;color:#ccccdc;font:11px Inter,Helvetica,sans-serif}
main{position:relative;margin:16px;height:${height}px;width:${24 * CELL[0]}px}
section,h2{position:absolute;box-sizing:border-box}section{background:#181b1f;border:1px solid #25282d;border-radius:3px;padding:8px;overflow:hidden}
h2{margin:0;font-size:13px;padding-top:6px}h3{margin:0 0 4px;font-size:12px;font-weight:500}b{display:block;text-align:center;font-size:26px;font-weight:500;color:#73bf69;margin-top:12px}
p{margin:4px 0 0;line-height:1.5;height:34px;overflow:hidden}p.table{height:auto}text{fill:#9a9ba8;font-size:10px}i{font-style:normal}`;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 24 * CELL[0] + 32, height: 800 } });
await page.setContent(`<style>${style}</style><main>${shown.join("")}</main>`);
await page.screenshot({ path: out, fullPage: true });
await browser.close();
console.log(`${out}: ${drawn} panels`);
