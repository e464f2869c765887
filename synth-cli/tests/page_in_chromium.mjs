// Opens report pages in headless Chromium and fails if one is not as a reader needs it:
//
//   CHROMIUM=/usr/bin/chromium node synth-cli/tests/page_in_chromium.mjs [--shots FOLDER] PAGE...
//
// At 390 and 1280 px, light and dark: no message on the console, nothing asked of any network, no sideways scrolling of the
// page, every figure there and drawn, loaded within two seconds. Needs the npm package `playwright-core` (or `playwright`);
// where that or CHROMIUM is missing it says so and ends with 0, for not every machine has a browser. No part of .ci/run.
import { createRequire } from "node:module";
import { resolve, basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";

const args = process.argv.slice(2);
const shots = args[0] === "--shots" ? args.splice(0, 2)[1] : null;
const executablePath = process.env.CHROMIUM;

function playwright() {
  // From where it is started, so that nothing has to be installed beside the tests.
  const require = createRequire(pathToFileURL(resolve("package.json")));
  for (const name of ["playwright-core", "playwright"]) {
    try {
      return require(name);
    } catch {
      // The next one.
    }
  }
  return null;
}

const library = playwright();
if (!executablePath || !library) {
  console.log(`not checked: ${executablePath ? "no playwright" : "CHROMIUM names no browser"}`);
  process.exit(0);
}
if (args.length === 0) {
  console.error("no page was given");
  process.exit(2);
}

const SECTIONS = ["verdict", "distributions", "associations", "projection", "privacy", "subgroups", "training", "schema", "measures", "disclaimer"];
const MOST_MS = 2000;
const browser = await library.chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failures = 0;
const fail = (where, what) => {
  failures += 1;
  console.error(`${where}: ${what}`);
};

for (const page of args) {
  const url = pathToFileURL(resolve(page)).href;
  const called = `${basename(dirname(resolve(page)))}-${basename(page, ".html")}`;
  for (const width of [390, 1280]) {
    for (const colorScheme of ["light", "dark"]) {
      const where = `${page} at ${width} px, ${colorScheme}`;
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
      const tab = await context.newPage();
      tab.on("console", (message) => fail(where, `console: ${message.text()}`));
      tab.on("pageerror", (error) => fail(where, `error: ${error.message}`));
      tab.on("request", (request) => {
        if (request.url() !== url && !request.url().startsWith("data:")) fail(where, `asked for ${request.url()}`);
      });
      const started = performance.now();
      await tab.goto(url, { waitUntil: "load" });
      await tab.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const took = performance.now() - started;
      if (took > MOST_MS) fail(where, `took ${took.toFixed(0)} ms`);
      const seen = await tab.evaluate((sections) => {
        const all = [...document.querySelectorAll("svg[role=img]")];
        // What is in closed details is drawn when they are opened.
        document.querySelectorAll("details").forEach((details) => (details.open = true));
        const size = (svg) => svg.getBoundingClientRect();
        return {
          missing: sections.filter((id) => !document.getElementById(id)),
          figures: document.querySelectorAll("figure").length,
          without: [...document.querySelectorAll("figure")].filter((f) => !f.querySelector("svg, p")).length,
          flat: all.filter((svg) => size(svg).width < 10 || size(svg).height < 8 || !svg.querySelector("path, rect, line")).length,
          unnamed: all.filter((svg) => !svg.querySelector("title")?.textContent).length,
          scripts: document.scripts.length,
          overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          small: [...document.querySelectorAll("body *")].filter((e) => !e.closest("svg") && e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 10).length,
        };
      }, SECTIONS);
      if (seen.missing.length > 0) fail(where, `no section ${seen.missing.join(", ")}`);
      if (seen.without > 0 || seen.flat > 0 || seen.unnamed > 0) fail(where, `figures that show nothing: ${JSON.stringify(seen)}`);
      if (seen.scripts > 0) fail(where, `${seen.scripts} scripts`);
      if (seen.overflow > 0) fail(where, `${seen.overflow} px wider than the window`);
      if (seen.small > 0) fail(where, `${seen.small} elements with small text`);
      console.log(`${where}: ${took.toFixed(0)} ms, ${seen.figures} figures`);
      if (shots) await tab.screenshot({ path: `${shots}/${called}-${width}-${colorScheme}.png`, fullPage: true });
      await context.close();
    }
  }
  if (shots) {
    const tab = await browser.newPage();
    await tab.goto(url);
    await tab.pdf({ path: `${shots}/${called}.pdf`, format: "A4" });
    await tab.close();
  }
}
await browser.close();
console.log(failures === 0 ? "all pages are as they should be" : `${failures} failures`);
process.exit(failures === 0 ? 0 : 1);
