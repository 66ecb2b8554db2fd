import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/runner/process.ts";

/** Processes whose command line has all of these words. */
export async function processesWith(...words: string[]): Promise<{ pid: number; command: string }[]> {
  const { stdout } = await run("ps", ["-axww", "-o", "pid=,command="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid = "", command = ""] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    return pid !== "" && words.every((word) => command.includes(word)) ? [{ pid: Number(pid), command }] : [];
  });
}

/** Those that are still there after `ms`, or none as soon as there are none. */
export async function lastingProcesses(words: string[], ms: number): Promise<string[]> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(200)) {
    if ((await processesWith(...words)).length === 0) return [];
  }
  return (await processesWith(...words)).map(({ command }) => command);
}
