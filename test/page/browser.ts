import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer, { type Page } from "puppeteer-core";

/** Where Linux distributions and GitHub's runners keep a Chromium. */
const places = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(
  (name) => `/usr/bin/${name}`,
);

/** The program of a Chromium; undefined where there is none. */
export const chromium = [process.env.CHROME_BIN ?? "", ...places].find((path) => existsSync(path));

export interface OpenPage extends AsyncDisposable {
  page: Page;
  /** What the page asked for besides itself, and what the browser complained of. */
  complaints: string[];
}

export interface Browsing extends AsyncDisposable {
  open(
    html: string,
    options?: { width?: number; scheme?: "light" | "dark"; scripts?: boolean },
  ): Promise<OpenPage>;
}

/** A Chromium of its own, which is closed with what it was given. */
export async function startBrowser(): Promise<Browsing> {
  if (chromium === undefined) throw new Error("there is no Chromium");
  const folder = await mkdtemp(join(tmpdir(), "page-"));
  // Containers have no user namespaces for its sandbox, and root may not have one.
  const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox"], pipe: true });
  let count = 0;
  return {
    async open(html, { width = 1200, scheme = "light", scripts = true } = {}) {
      const file = join(folder, `${count++}.html`);
      await writeFile(file, html);
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("dialog", (dialog) => complaints.push(`dialog ${dialog.message()}`));
      page.on("requestfinished", (request) => {
        if (request.url() !== pathToFileURL(file).href) complaints.push(request.url());
      });
      page.on("requestfailed", (request) => {
        const why = request.failure()?.errorText;
        if (why !== "csp") complaints.push(`${request.url()}: ${why}`); // one that the policy stops never leaves
      });
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.setJavaScriptEnabled(scripts);
      await page.goto(pathToFileURL(file).href);
      return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** How many elements of a selector are seen. */
export function countOf(page: Page, selector: string): Promise<number> {
  return page.evaluate(
    `[...document.querySelectorAll(${JSON.stringify(selector)})].filter((one) => one.checkVisibility()).length`,
  ) as Promise<number>;
}

/** The text of an element as it is seen. */
export function textOf(page: Page, selector: string): Promise<string> {
  return page.evaluate(`document.querySelector(${JSON.stringify(selector)}).innerText`) as Promise<string>;
}

/** Whether an element is within what the window shows. */
export function isInSight(page: Page, selector: string): Promise<boolean> {
  return page.evaluate(`(() => {
    const { top, bottom } = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  })()`) as Promise<boolean>;
}

/** Texts that are too faint against what they stand on (WCAG 2.2, 1.4.3: 4.5 to 1), with their contrast. */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const known = new Map();
    const rgba = (colour) => {
      if (!known.has(colour)) known.set(colour, painted(colour));
      return known.get(colour);
    };
    const painted = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return canvas.getImageData(0, 0, 1, 1).data;
    };
    const luminance = ([red, green, blue]) => {
      const [r, g, b] = [red, green, blue].map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = rgba(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return rgba("white");
    };
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const faint = [];
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
      const [light, dark] = [rgba(getComputedStyle(element).color), ground(element)].map(luminance).sort((a, b) => b - a);
      const contrast = (light + 0.05) / (dark + 0.05);
      if (contrast < 4.5) faint.push(walker.currentNode.data.trim() + " " + contrast.toFixed(2));
    }
    return faint;
  })()`) as Promise<string[]>;
}
