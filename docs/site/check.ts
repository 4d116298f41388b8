/**
 * Looks at the built site in a real browser, page by page: every link leads somewhere, text can be read (contrast, by axe),
 * nothing is wider than a narrow screen, and the search finds a guard. `npm run test:docs`.
 */
import { createReadStream, existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import puppeteer, { type Page } from "puppeteer-core";

const SITE = join(import.meta.dirname, "dist");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
  const file = join(SITE, path.endsWith("/") ? `${path}index.html` : path);
  if (!file.startsWith(SITE) || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
  createReadStream(file).pipe(response);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const files = await readdir(SITE, { recursive: true });
const routes = files.filter((file) => file.endsWith("index.html")).map((file) => `/${file.slice(0, -"index.html".length)}`);
const browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const wrong: string[] = [];
const anchors = new Map<string, ReadonlySet<string>>();
const links: { readonly from: string; readonly to: string }[] = [];
try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => wrong.push(`${page.url()}: ${String(error)}`));
  page.on("response", (response) => {
    if (response.status() >= 400) wrong.push(`${page.url()}: ${response.url()} is ${response.status()}`);
  });
  for (const route of routes) await lookAt(page, route);
  for (const { from, to } of links) {
    const { pathname, hash } = new URL(to);
    const ids = anchors.get(pathname);
    if (ids === undefined && !existsSync(join(SITE, pathname))) wrong.push(`${from}: no page ${pathname}`);
    if (ids !== undefined && hash.length > 1 && !ids.has(decodeURIComponent(hash.slice(1)))) {
      wrong.push(`${from}: no place ${pathname}${hash}`);
    }
  }
  await search(page);
} finally {
  await browser.close();
  server.close();
}
for (const line of wrong) console.error(line);
console.log(`${routes.length} pages, ${links.length} links, ${wrong.length} wrong`);
process.exitCode = wrong.length === 0 ? 0 : 1;

async function lookAt(page: Page, route: string): Promise<void> {
  await page.setViewport({ width: 320, height: 640 });
  await page.goto(`${origin}${route}`, { waitUntil: "load" });
  const seen = await page.evaluate(() => ({
    ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
    links: [...document.querySelectorAll("a[href]")].map((link) => (link as HTMLAnchorElement).href),
    width: document.documentElement.scrollWidth,
  }));
  anchors.set(route, new Set(seen.ids));
  links.push(...seen.links.filter((to) => to.startsWith(origin)).map((to) => ({ from: route, to })));
  if (seen.width > 320) wrong.push(`${route}: ${seen.width} pixels wide on a screen of 320`);
  await page.setViewport({ width: 1280, height: 900 });
  await page.addScriptTag({ path: AXE });
  for (const theme of ["light", "dark"]) {
    const found = await page.evaluate(async (wanted) => {
      document.documentElement.dataset["theme"] = wanted;
      const { violations } = await (globalThis as never as { axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run({
        runOnly: ["wcag2a", "wcag2aa"],
      });
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
    }, theme);
    wrong.push(...found.map((one) => `${route} (${theme}): ${one}`));
  }
}

async function search(page: Page): Promise<void> {
  await page.goto(`${origin}/`, { waitUntil: "load" });
  await page.click("button[data-open-modal]");
  await page.waitForSelector(".pagefind-ui__search-input");
  await page.type(".pagefind-ui__search-input", "foreign-rotation");
  await page.waitForSelector(".pagefind-ui__result-link", { timeout: 0 });
  const first = await page.$eval(".pagefind-ui__result-link", (link) => link.textContent ?? "");
  if (first === "") wrong.push("the search finds no page about foreign-rotation");
}
