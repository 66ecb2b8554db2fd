import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import type { Verdict } from "../rehearsal/verdict.ts";
import { unlinked } from "../report/outcome.ts";
import { oneLine } from "../report/sanitise.ts";
import { writeReport } from "../report/write-report.ts";
import { messageOf, UsageError } from "../runner/errors.ts";

/** Makes the folder before anything is rehearsed: afterwards is late to hear of it. Throws UsageError. */
export async function makeReportFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(`the report cannot be written to ${folder}: ${messageOf(error)}`, {
      fix: "Give --report a folder that can be written to.",
    });
  }
}

/** Writes the report. It is an addition to the verdict, which stands where that fails. */
export async function keepReport(folder: string, verdict: Verdict): Promise<void> {
  try {
    await writeReport(folder, verdict, unlinked);
  } catch (error) {
    process.stderr.write(`the report is incomplete: ${oneLine(messageOf(error))}\n`);
  }
}
