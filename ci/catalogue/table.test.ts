import { expect, test } from "vitest";
import type { ApplicationVerdict } from "../../src/rehearsal/verdict.ts";
import { catalogueTable, replaceTable, resultOf } from "./table.ts";

const trial = { chart: "web", version: "1.0.0", archive: "", recipe: {} };

function row(application: Partial<ApplicationVerdict>): string | undefined {
  return catalogueTable([resultOf({ trial, application: application as ApplicationVerdict })]).split("\n")[2];
}

test("a chart that passes tells what was simulated, by kind", () => {
  const notProven = [
    { why: "no image was pulled and no container ran: images", resources: ["apps/Deployment web/web"] },
    {
      why: "said to be issued",
      resources: ["cert-manager.io/Certificate web/a", "cert-manager.io/Certificate web/b"],
    },
  ];
  expect(row({ state: "passed", resources: 3, notProven })).toBe(
    "| web | 1.0.0 | passes | 3 | Certificate: said to be issued |",
  );
  expect(row({ state: "passed", resources: 1, notProven: notProven.slice(0, 1) })).toContain("| – |");
});

test("a chart that fails tells why, as one cell", () => {
  const reason = { code: "sync" as const, class: "change" as const, message: "no <kind>\n| of that" };
  expect(row({ state: "failed", resources: 0, reason, notProven: [] })).toBe(
    "| web | 1.0.0 | fails | 0 | no &lt;kind> \\| of that |",
  );
});

test("a table takes the place of the one before", () => {
  const begin = "<!-- The table below is written by `npm run catalogue`. -->";
  const page = `above\n${begin}\nold\n<!-- End of the table. -->\nbelow\n`;
  const replaced = replaceTable(page, "new");
  expect(replaced).toBe(page.replace("old", "\nnew\n"));
  expect(replaceTable(replaced, "new")).toBe(replaced);
  expect(() => replaceTable("a page", "new")).toThrow("no place");
});
