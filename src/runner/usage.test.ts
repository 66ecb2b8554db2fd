import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { peakMeter } from "./usage.ts";

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await once(child, "exit");
  }
});

/** Leads a group of its own; says a line once `script` has run, and stays. */
async function startLeader(script: string): Promise<number> {
  const stay = "console.log('ready'); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ["-e", `${script}; ${stay}`], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  if (child.pid === undefined) throw new Error("it did not start");
  return child.pid;
}

function usageOf(leaders: readonly number[]) {
  const meter = peakMeter(() => leaders);
  try {
    const usage = meter.read();
    if (!usage) throw new Error("there is none");
    return usage;
  } finally {
    meter.stop();
  }
}

/** In bytes: everything that is resident, and what of it are pages of files. */
function memoryOf(pid: number): { resident: number; files: number } {
  const [, resident = 0, files = 0] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ").map(Number);
  return { resident: resident * 4096, files: files * 4096 };
}

const megabyte = 1024 * 1024;

describe.skipIf(process.platform !== "linux")("peakMeter", () => {
  it("counts this process", () => {
    const { cpuSeconds, peakMemoryBytes } = usageOf([]);
    const { user, system } = process.cpuUsage();
    expect(peakMemoryBytes).toBeGreaterThan(0.8 * process.memoryUsage.rss());
    expect(cpuSeconds).toBeGreaterThanOrEqual((user + system) / 1e6 - 0.5);
  });

  it("counts the memory of all in a group, and the time of its leader's descendants that have ended", async () => {
    const { peakMemoryBytes, cpuSeconds } = usageOf([]);
    const spin = "while (process.cpuUsage().user < 400_000);";
    const hold = `const held = Buffer.alloc(${200 * megabyte}, 1); console.log(held.length); setInterval(() => held, 1000);`;
    const pid = await startLeader(`
      const { execFileSync, spawn } = require("node:child_process");
      execFileSync(process.execPath, ["-e", ${JSON.stringify(spin)}]);
      spawn(process.execPath, ["-e", ${JSON.stringify(hold)}], { stdio: "inherit" })`);
    const deadline = Date.now() + 20_000;
    while (usageOf([pid]).peakMemoryBytes - peakMemoryBytes < 200 * megabyte) {
      expect(Date.now(), "its child never held the memory").toBeLessThan(deadline);
      await sleep(20);
    }
    expect(usageOf([]).peakMemoryBytes - peakMemoryBytes).toBeLessThan(150 * megabyte);
    expect(usageOf([pid]).cpuSeconds - cpuSeconds).toBeGreaterThan(0.35);
  });

  it("keeps the highest memory and the time of a group that has ended", async () => {
    const pid = await startLeader(`const held = Buffer.alloc(${200 * megabyte}, 1); held.at(0)`);
    let leaders = [pid];
    const meter = peakMeter(() => leaders);
    const before = meter.read();
    leaders = [];
    const [child] = children;
    child?.kill("SIGKILL");
    if (child) await once(child, "exit");
    const after = meter.read();
    meter.stop();
    expect(after?.peakMemoryBytes).toBe(before?.peakMemoryBytes);
    expect(after?.cpuSeconds).toBeGreaterThanOrEqual(before?.cpuSeconds ?? Number.NaN);
  });

  it("counts the file of a program once, however many processes run it", async () => {
    const { peakMemoryBytes } = usageOf([]);
    const pids = [await startLeader(""), await startLeader(""), await startLeader("")];
    const all = pids.map(memoryOf);
    const resident = all.reduce((sum, one) => sum + one.resident, 0);
    const files = all.reduce((sum, one) => sum + one.files, 0);
    const added = usageOf(pids).peakMemoryBytes - peakMemoryBytes;
    expect(added).toBeLessThan(resident - files / 2);
    expect(added).toBeGreaterThan((resident - files) / 2);
  });
});
