import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Verdict } from "../rehearsal/verdict.ts";
import { junitOf } from "./junit.ts";
import type { ReportContext } from "./outcome.ts";
import { pageOf } from "./page/page.ts";
import { summaryOf } from "./summary.ts";

/** The text of `verdict.json`. */
export function verdictJson(verdict: Verdict): string {
  return `${JSON.stringify(verdict, null, 2)}\n`;
}

/**
 * Writes everything that is kept of a verdict into a folder, which is made: the verdict first, as the other
 * files derive from it. Throws what the file system says.
 */
export async function writeReport(folder: string, verdict: Verdict, context: ReportContext): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "verdict.json"), verdictJson(verdict));
  await writeFile(join(folder, "report.md"), summaryOf({ verdict }, context));
  await writeFile(join(folder, "report.html"), pageOf({ verdict }, context));
  await writeFile(join(folder, "junit.xml"), junitOf(verdict));
}
