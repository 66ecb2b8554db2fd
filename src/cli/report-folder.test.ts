import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { green } from "../report/report-fixture.ts";
import { UsageError } from "../runner/errors.ts";
import { keepReport, makeReportFolder } from "./report-folder.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "report-folder-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it("makes the folder and writes the report there", async () => {
  const to = join(folder, "new/report");
  await makeReportFolder(to);
  await keepReport(to, green);
  expect(await readdir(to)).toHaveLength(4);
});

it("says before a rehearsal that a folder cannot be", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  await expect(makeReportFolder(join(file, "report"))).rejects.toThrow(UsageError);
  await expect(makeReportFolder(join(file, "report"))).rejects.toMatchObject({
    message: expect.stringContaining("the report cannot be written to"),
  });
});
