import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readVerdict } from "../rehearsal/read-verdict.ts";
import { commentOf } from "./comment.ts";
import { unlinked } from "./outcome.ts";
import { context, huge, red } from "./report-fixture.ts";
import { writeReport } from "./write-report.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-report-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it("writes the verdict and what derives from it, into a folder that it makes", async () => {
  const to = join(folder, "a/b");
  await writeReport(to, red, context);
  expect((await readdir(to)).toSorted()).toEqual(["junit.xml", "report.html", "report.md", "verdict.json"]);
  const text = (file: string) => readFile(join(to, file), "utf8");
  expect(readVerdict(await text("verdict.json")).summary).toBe(red.summary);
  expect(await text("report.md")).toMatch(/^### ❌ Rehearsal failed/);
  expect(await text("report.html")).toMatch(/^<!doctype html>/);
  expect(await text("junit.xml")).toContain('<testcase classname="root" name="feeds"');
});

it("is named where a report in Markdown is cut and there is no run to look into", () => {
  expect(commentOf({ verdict: huge }, unlinked)).toContain(
    "All of it is in `report.html`, beside this file.",
  );
});
