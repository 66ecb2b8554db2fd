import * as core from "@actions/core";
import { messageOf } from "../runner/errors.ts";
import type { Log } from "../runner/log.ts";

/** GitHub refuses the whole summary of a step above 1 MiB. */
const mostBytes = 1024 * 1024;
const cutOff = "\n\n_The rest did not fit._\n";

let written = 0;

/** Adds to the summary of this step, as much as GitHub takes. Never throws: the log says what went wrong. */
export async function appendSummary(markdown: string, log: Log): Promise<void> {
  const text = fitting(markdown, mostBytes - written);
  if (text === "") return;
  try {
    await core.summary.addRaw(text).write();
    written += Buffer.byteLength(text);
  } catch (error) {
    log.warn(`the step's summary could not be written: ${messageOf(error)}`);
  }
}

/** The text, or its first whole lines and a word on the rest; empty where not even that has room. */
export function fitting(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const room = bytes - Buffer.byteLength(cutOff);
  if (room <= 0) return "";
  const head = Buffer.from(text).subarray(0, room).toString("utf8");
  return head.slice(0, Math.max(0, head.lastIndexOf("\n"))) + cutOff;
}
