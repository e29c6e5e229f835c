// Headless Chromium, and what is asked of every view: axe-core finds nothing in light and dark, wide and narrow, and
// nothing is to be scrolled sideways.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const home = process.env.PAGE;
const pictures = process.env.PICTURES;
const WIDE = { width: 1280, height: 860 };
/** Of pictures: what is shown in a text should not weigh much. */
const SHOWN = { width: 1100, height: 560 };
const NARROW = { width: 360, height: 780 };

/** What went wrong in any page, at any time. */
export const troubles = [];
/** Everything that browsers sent and got, as text. */
const wire = [];

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
/** Lets something happen behind the page. */
export async function backstage(wish) {
  console.log(`DO ${wish}`);
  const { value } = await answers.next();
  assert.equal(value, "done", wish);
}

let steps = 0;
/** One thing that people do. */
export async function step(what, how) {
  const began = performance.now();
  await how();
  steps += 1;
  console.log(`ok ${String(steps).padStart(2)} ${what} (${Math.round(performance.now() - began)} ms)`);
}
export const counted = () => steps;

export const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A browser of somebody's own. */
export async function somebody(options = {}) {
  const context = await browser.newContext({ viewport: WIDE, timezoneId: "Europe/Berlin", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("dialog", (dialog) => { troubles.push(`a dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on("pageerror", (error) => troubles.push(`a script failed: ${error}`));
  page.on("console", (line) => {
    // Chromium says of each answer that is no 2xx what the walk expects or not.
    if (line.type() === "error" && !line.text().startsWith("Failed to load resource")) troubles.push(line.text());
  });
  page.on("request", (request) => wire.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ""}`));
  page.on("response", async (response) => {
    const body = await response.text().catch(() => "");
    wire.push(`${JSON.stringify(response.headers())} ${body}`);
  });
  return page;
}

/** Signs in, from any page of ours. */
export async function signIn(page, name) {
  await page.getByRole("link", { name: "Sign in" }).click();
  await page.getByRole("button", { name }).click();
  await page.getByText(`Signed in as ${name}`).waitFor();
}

let views = 0;
/** A view as everybody has to be able to use it, and the files that show it. */
export async function view(page, name, ...shown) {
  await page.evaluate(axe);
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [WIDE, NARROW]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      const found = violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(" | ")}`);
      assert.deepEqual(found, [], `${name}, ${colorScheme}, ${viewport.width} wide`);
      const [whole, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
      assert.ok(whole <= seen, `${name}: ${whole} wide on a screen of ${seen}`);
    }
  }
  for (const { picture, dark, narrow, tall } of pictures ? shown : []) {
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await page.setViewportSize(narrow ? NARROW : { ...SHOWN, height: tall ?? SHOWN.height });
    await page.evaluate(() => { scrollTo(0, 0); document.activeElement?.blur(); });
    await page.screenshot({ path: `${pictures}/${picture}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(WIDE);
  views += 1;
}
export const viewed = () => views;

/** No token ever came to a browser, and none of ours is kept where a script reads it. */
export async function noToken(page) {
  const cookies = await page.context().cookies(home);
  assert.ok(cookies.length > 0 && cookies.every((cookie) => cookie.httpOnly && cookie.sameSite === "Lax"), JSON.stringify(cookies));
  assert.equal(await page.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
  // Each token of the issuer is a JWT, and each begins so.
  const leaks = wire.filter((text) => /eyJ[\w-]{8,}\.eyJ/.test(text));
  assert.deepEqual(leaks, []);
  assert.ok(wire.length > 50, "nothing was looked at");
}
