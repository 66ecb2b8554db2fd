import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evil } from "../../src/report/hostile-fixture.ts";
import { unlinked } from "../../src/report/outcome.ts";
import { pageOf } from "../../src/report/page/page.ts";
import { context, huge, red, reports } from "../../src/report/report-fixture.ts";
import { type Browsing, chromium, countOf, faintTexts, isInSight, startBrowser, textOf } from "./browser.ts";

const failedPage = pageOf({ verdict: red }, context);
const { huge: _, ...readable } = reports; // that one is measured for itself
const row = (name: string) =>
  `#application-${red.applications.findIndex((application) => application.name === name) + 1}`;

describe.skipIf(chromium === undefined)("the page of a report in Chromium", () => {
  let browser: Browsing;

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterAll(() => browser[Symbol.asyncDispose]());

  test("filters Applications by state and by words", async () => {
    await using one = await browser.open(failedPage);
    const { page, complaints } = one;
    expect(await countOf(page, ".row")).toBe(17);
    expect(await countOf(page, ".found")).toBe(0);
    await page.click("button[data-state=failed]");
    expect(await countOf(page, ".row")).toBe(4);
    expect(await textOf(page, ".found")).toBe("4 of 17 shown");
    expect(await page.evaluate("document.querySelector('[aria-pressed=true]').dataset.state")).toBe("failed");
    await page.type("#find", "NAMESPACES immich");
    expect(await countOf(page, ".row")).toBe(1);
    await page.keyboard.press("Escape");
    expect(await countOf(page, ".row")).toBe(4);
    await page.click('button[data-state=""]');
    expect(await countOf(page, ".row")).toBe(17);
    expect(complaints).toEqual([]);
  });

  test("leads from a cause to its Application and back, also past a filter", async () => {
    await using one = await browser.open(failedPage);
    const { page } = one;
    await page.click("button[data-state=passed]");
    await page.click("#cause-1 h3 a");
    await page.waitForSelector(`${row("feeds")}`, { visible: true });
    expect(await isInSight(page, row("feeds"))).toBe(true);
    expect(await countOf(page, ".row")).toBe(17);
    await page.click(`${row("feeds")} .to-cause`);
    await page.waitForFunction("scrollY < 600");
    expect(await isInSight(page, "#cause-1")).toBe(true);
  });

  test("shows what Pods told, by keyboard alone", async () => {
    await using one = await browser.open(failedPage);
    const { page } = one;
    expect(await countOf(page, "#cause-2 pre")).toBe(0);
    const within = "document.activeElement.closest('#cause-2 summary') !== null";
    for (let presses = 0; presses < 40 && !(await page.evaluate(within)); presses++)
      await page.keyboard.press("Tab");
    expect(await page.evaluate(within)).toBe(true);
    await page.keyboard.press("Enter");
    expect(await countOf(page, "#cause-2 pre")).toBe(2);
    expect(await textOf(page, "#cause-2 pre")).toContain("failed to connect to database");
  });

  test("is whole without its script", async () => {
    await using one = await browser.open(failedPage, { scripts: false });
    const { page } = one;
    expect(await countOf(page, ".row")).toBe(17);
    expect(await countOf(page, "#filter")).toBe(0);
    await page.click("#cause-1 h3 a");
    expect(await countOf(page, row("feeds"))).toBe(1);
    await page.click("#cause-2 summary");
    expect(await countOf(page, "#cause-2 pre")).toBe(2);
    await page.click(".row summary");
    expect(await textOf(page, row("root"))).toContain("nothing: it is a root");
  });

  test.each(Object.entries(readable))(
    "of %s fits a phone, and is readable by day and by night",
    async (_, outcome) => {
      const html = pageOf(outcome, context);
      for (const scheme of ["light", "dark"] as const) {
        await using one = await browser.open(html, { width: 360, scheme });
        const { page, complaints } = one;
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
        expect(await faintTexts(page)).toEqual([]);
        const lightness = (await page.evaluate(
          "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])",
        )) as number;
        expect(lightness < 128).toBe(scheme === "dark");
        expect(complaints).toEqual([]);
      }
    },
  );

  test("runs and loads nothing of a stranger, even where it were let in", async () => {
    const inserted = `<img src="https://evil.example/x.png" onerror="hit = 1"><script>hit = 1</script><p style="color: red" id="styled">x</p></main>`;
    await using one = await browser.open(
      pageOf({ verdict: evil }, unlinked).replace("</main>", () => inserted),
    );
    const { page, complaints } = one;
    expect(await page.evaluate("typeof hit")).toBe("undefined");
    expect(await page.evaluate("getComputedStyle(document.getElementById('styled')).color")).not.toBe(
      "rgb(255, 0, 0)",
    );
    expect(complaints.filter((complaint) => !complaint.includes("Content Security Policy"))).toEqual([]);
    expect(complaints.length).toBeGreaterThan(0);
  });

  test("stays quick with 500 Applications", async () => {
    await using one = await browser.open(pageOf({ verdict: huge }, context), { width: 360 });
    const { page, complaints } = one;
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    const milliseconds = await page.evaluate(`(() => {
      const since = performance.now();
      const input = document.getElementById("find");
      for (const words of ["application-4", "application-49", "application-499"]) {
        input.value = words;
        input.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
      }
      return performance.now() - since;
    })()`);
    expect(await countOf(page, ".row")).toBe(1);
    expect(milliseconds).toBeLessThan(3_000); // a tenth of it where nothing else runs
    expect(complaints).toEqual([]);
  });
});
