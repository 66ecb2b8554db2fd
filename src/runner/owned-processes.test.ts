import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { InfrastructureError } from "./errors.ts";
import { freePorts, type OwnedProcesses, ownProcesses, type ProcessSpec } from "./owned-processes.ts";

const environment = { PATH: process.env.PATH ?? "/usr/bin:/bin" };

function shell(name: string, script: string): ProcessSpec {
  return { name, command: "sh", args: ["-c", script], env: environment };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie that nobody has waited for is dead all the same.
  return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** The pid that a script has written to a file of the folder. */
async function pidIn(folder: string, file: string): Promise<number> {
  const path = join(folder, file);
  await expect
    .poll(() => existsSync(path) && readFileSync(path, "utf8").trim(), { timeout: 5_000 })
    .toMatch(/^\d+$/);
  return Number(readFileSync(path, "utf8"));
}

async function lost(processes: OwnedProcesses): Promise<unknown> {
  if (!processes.lost.aborted) await once(processes.lost, "abort");
  return processes.lost.reason;
}

describe("a process that ends by itself", () => {
  test("is reported with its name, its code and the end of its log", async () => {
    await using processes = ownProcesses();
    processes.start(shell("etcd", "echo one; echo two >&2; echo three; echo 'panic: no quorum'; exit 7"));
    const reason = await lost(processes);
    expect(reason).toBeInstanceOf(InfrastructureError);
    expect((reason as Error).message).toBe(
      "etcd exited with code 7 in the middle of the rehearsal; the end of its log: two | three | panic: no quorum",
    );
    expect(processes.logTail("etcd")).toBe("one | two | three | panic: no quorum");
    expect(processes.output("etcd")).toBe("one\ntwo\nthree\npanic: no quorum\n");
    expect(processes.output("nobody")).toBe("");
  });

  test("is reported though it ends well: it was to stay", async () => {
    await using processes = ownProcesses();
    processes.start(shell("kwok", "exit 0"));
    expect(String(await lost(processes))).toMatch(/kwok exited with code 0 .* its log: \(empty\)$/);
  });

  test("is reported with the signal that killed it, and with no more of its log than can be read", async () => {
    await using processes = ownProcesses();
    processes.start(shell("kube-apiserver", `printf '%02000d' 7; kill -KILL $$`));
    const { message } = (await lost(processes)) as Error;
    expect(message).toMatch(/^kube-apiserver was killed by SIGKILL in the middle/);
    expect(message.length).toBeLessThan(800);
  });

  test("is reported where it could not be started", async () => {
    await using processes = ownProcesses();
    processes.start({ name: "redis", command: join(processes.folder, "nothing"), args: [], env: {} });
    expect(String(await lost(processes))).toMatch(/redis could not be started \(.*ENOENT/);
  });

  test("takes what it has started with it", async () => {
    await using processes = ownProcesses();
    processes.start(shell("repo-server", `sleep 60 & echo $! >grandchild; sleep 0.2; kill -KILL $$`));
    const grandchild = await pidIn(processes.folder, "grandchild");
    await lost(processes);
    await expect.poll(() => isAlive(grandchild)).toBe(false);
  });

  test("leaves the others running, until they are disposed of", async () => {
    const processes = ownProcesses();
    processes.start(shell("other", "echo $$ >other; exec sleep 60"));
    const other = await pidIn(processes.folder, "other");
    processes.start(shell("etcd", "exit 1"));
    await lost(processes);
    expect(isAlive(other)).toBe(true);
    await processes[Symbol.asyncDispose]();
    expect(isAlive(other)).toBe(false);
  });
});

describe("disposing", () => {
  test("kills every process with its descendants, whatever they trap, and removes the folder", async () => {
    const processes = ownProcesses();
    processes.start(
      shell(
        "stubborn",
        `trap '' TERM INT; (trap '' TERM; sleep 60) & echo $! >grandchild; echo $$ >child; wait; sleep 60`,
      ),
    );
    const [child, grandchild] = [
      await pidIn(processes.folder, "child"),
      await pidIn(processes.folder, "grandchild"),
    ];
    await processes[Symbol.asyncDispose]();
    expect([isAlive(child), existsSync(processes.folder)]).toEqual([false, false]);
    await expect.poll(() => isAlive(grandchild)).toBe(false);
    expect(processes.lost.aborted).toBe(false);
  });

  test("removes the folder from under a process that keeps writing to it", async () => {
    const processes = ownProcesses();
    processes.start(
      shell("writer", "mkdir data; while :; do echo x >data/$RANDOM$RANDOM; date >data/$(date +%N); done"),
    );
    await expect.poll(() => existsSync(join(processes.folder, "data"))).toBe(true);
    await processes[Symbol.asyncDispose]();
    expect(existsSync(processes.folder)).toBe(false);
  });

  test("does nothing the second time, and nothing is started after it", async () => {
    const processes = ownProcesses();
    await processes[Symbol.asyncDispose]();
    await processes[Symbol.asyncDispose]();
    expect(() => processes.start(shell("late", "sleep 60"))).toThrow("late was to be started after the end");
  });

  test("of one owner does not disturb another", async () => {
    const [first, second] = [ownProcesses(), ownProcesses()];
    expect(first.folder).not.toBe(second.folder);
    for (const processes of [first, second]) processes.start(shell("same", "echo $$ >pid; exec sleep 60"));
    const [one, two] = [await pidIn(first.folder, "pid"), await pidIn(second.folder, "pid")];
    await first[Symbol.asyncDispose]();
    expect([isAlive(one), isAlive(two), existsSync(second.folder)]).toEqual([false, true, true]);
    expect(second.lost.aborted).toBe(false);
    await second[Symbol.asyncDispose]();
    expect(isAlive(two)).toBe(false);
  });
});

describe("a process", () => {
  test("has its own group, its own environment, and the private folder to work in", async () => {
    await using processes = ownProcesses();
    processes.start({
      ...shell("probe", "pwd >cwd; env >env; echo $$ >pid; exec sleep 60"),
      env: { ...environment, ONLY: "this" },
    });
    const pid = await pidIn(processes.folder, "pid");
    const at = (file: string) => readFileSync(join(processes.folder, file), "utf8");
    expect(at("cwd").trim()).toBe(processes.folder);
    expect(at("env")).toContain("ONLY=this");
    expect(at("env")).not.toContain("HOME=");
    const group = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[2];
    expect(Number(group)).toBe(pid);
  });

  test("cannot have the name of one that runs", async () => {
    await using processes = ownProcesses();
    processes.start(shell("etcd", "sleep 60"));
    expect(() => processes.start(shell("etcd", "sleep 60"))).toThrow("etcd runs already");
  });

  test("writes to a log that nobody else can read", async () => {
    await using processes = ownProcesses();
    processes.start(shell("a", "echo done; sleep 60"));
    await expect.poll(() => processes.logTail("a")).toMatch(/done$/);
    expect(statSync(processes.folder).mode & 0o077).toBe(0);
    expect(statSync(join(processes.folder, "logs/a.log")).mode & 0o077).toBe(0);
  });
});

describe("the temporary folder", () => {
  function withTemporary(folder: string): void {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = folder;
    onTestFinished(() => {
      if (before === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = before;
    });
  }

  test("that does not exist is said in one line", () => {
    withTemporary("/nowhere/at/all");
    expect(ownProcesses).toThrow(InfrastructureError);
    expect(ownProcesses).toThrow(/^cannot make a temporary folder: ENOENT.*nowhere/);
  });

  test("whose path is too long for sockets is said in one line", () => {
    withTemporary(`/tmp/${"x".repeat(90)}`);
    expect(ownProcesses).toThrow(/^the path of the temporary folder is too long for sockets/);
  });
});

/** A process of its own that owns two others, of which one has a child. Gives their pids. */
async function owner(
  script = "",
): Promise<{ owner: ReturnType<typeof spawn>; temporary: string; pids: number[] }> {
  const temporary = await mkdtemp(join(tmpdir(), "owner-"));
  onTestFinished(() => rm(temporary, { recursive: true, force: true }));
  const program = join(temporary, "owner.mjs");
  await writeFile(
    program,
    `import { ownProcesses } from ${JSON.stringify(join(import.meta.dirname, "owned-processes.ts"))};
    const processes = ownProcesses();
    const env = ${JSON.stringify(environment)};
    processes.start({ name: "a", command: "sh", args: ["-c", "sleep 300 & echo $! >grandchild; echo $$ >a; wait"], env });
    processes.start({ name: "b", command: "sh", args: ["-c", "trap '' HUP TERM; echo $$ >b; exec sleep 300"], env });
    console.log(processes.folder);
    ${script}
    setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const folder = line.toString().trim();
  const pids = await Promise.all(["a", "grandchild", "b"].map((file) => pidIn(folder, file)));
  return { owner: child, temporary, pids };
}

function leftovers(temporary: string): string[] {
  return readdirSync(temporary).filter((name) => name.startsWith("rehearsal-"));
}

describe("an owner that dies without disposing", () => {
  test.each(["SIGKILL", "SIGTERM"] as const)("by %s leaves no process and no folder", async (signal) => {
    const { owner: child, temporary, pids } = await owner();
    expect(leftovers(temporary)).toHaveLength(1);
    child.kill(signal);
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => leftovers(temporary), { timeout: 10_000 }).toEqual([]);
  });

  test("by an exit of its own leaves none either", async () => {
    const { temporary, pids } = await owner("setTimeout(() => process.exit(3), 500);");
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => leftovers(temporary), { timeout: 10_000 }).toEqual([]);
  });

  test("together with its terminal leaves none: the warden is not of its group", async () => {
    const { owner: child, temporary, pids } = await owner();
    const warden = wardenOf(temporary);
    expect(warden).toHaveLength(1);
    // A shell that has only just started has not come to its trap.
    await expect.poll(() => warden.every(ignoresInterrupts), { timeout: 10_000 }).toBe(true);
    for (const pid of [...warden, child.pid]) if (pid) process.kill(pid, "SIGINT");
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
    await expect
      .poll(() => [...leftovers(temporary), ...wardenOf(temporary)], { timeout: 10_000 })
      .toEqual([]);
  });
});

test("a warden goes with the owner that disposes", async () => {
  const {
    owner: child,
    temporary,
    pids,
  } = await owner("setTimeout(() => processes[Symbol.asyncDispose]().then(() => process.exit()), 500);");
  await once(child, "exit");
  expect([...pids.filter(isAlive), ...leftovers(temporary), ...wardenOf(temporary)]).toEqual([]);
});

/** Processes whose command line names a warden of a folder below `temporary`. */
function wardenOf(temporary: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return line.includes("rehearsal-warden") && line.includes(temporary) && isAlive(Number(pid));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** proc(5): a mask of the signals that a process ignores. */
function ignoresInterrupts(pid: number): boolean {
  const [, mask = "0"] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (BigInt(`0x${mask}`) & (1n << BigInt(constants.signals.SIGINT - 1))) !== 0n;
}

describe("free ports", () => {
  test("are all different, and can be listened on", async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(ports[0], "127.0.0.1", resolve);
    });
    server.close();
  });
});
