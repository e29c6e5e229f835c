// Renders the README's Mermaid picture into a PNG. Usage: overview.mjs README MERMAID OUT
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [readme, mermaid, out] = process.argv.slice(2);
const text = readFileSync(readme, "utf8").match(/```mermaid\n(.*?)```/s)[1];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1100, height: 800 }, deviceScaleFactor: 1.5 });
await page.setContent("<body style='margin:0;background:#fff'><div id=picture style='display:inline-block;width:1060px;padding:20px'></div>");
await page.addScriptTag({ path: mermaid });
await page.evaluate(async (text) => {
  mermaid.initialize({ startOnLoad: false, theme: "neutral", fontFamily: "Inter, Helvetica, Arial, sans-serif" });
  document.querySelector("#picture").innerHTML = (await mermaid.render("overview", text)).svg;
}, text);
const picture = page.locator("#picture");
if (!(await picture.innerText()).includes("tenantIdIn=orders")) throw new Error("the picture lacks its text");
await picture.screenshot({ path: out });
await browser.close();
