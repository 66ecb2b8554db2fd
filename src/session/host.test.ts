import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../repository/git-fixture.ts";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { silentLog } from "../runner/log.ts";
import { identityOf, isRunning, type ProcessIdentity } from "../runner/process-identity.ts";
import { sendCommand, startHost, stopSession } from "./client.ts";
import { orderFor } from "./session-fixture.ts";
import { createState, endOfLog, type HostOrder, readHost, type StateFolder } from "./state-folder.ts";

const never = new AbortController().signal;
const log = { ...silentLog, showTree() {}, close() {} };
const options = { log, signal: never };

/** A folder in which sessions are begun. Disposing ends them. */
interface Place extends AsyncDisposable {
  path: string;
  /** A session without a host. */
  state(order?: Partial<HostOrder>): Promise<StateFolder>;
  /** With a host from source. The folder is no repository, so that `start` fails at once. */
  session(order?: Partial<HostOrder>): Promise<StateFolder>;
}

async function makePlace(): Promise<Place> {
  const folder = await temporaryFolder();
  const states: StateFolder[] = [];
  const place: Place = {
    path: folder.path,
    async state(order) {
      const state = await createState(folder.path, orderFor(folder.path, order));
      states.push(state);
      return state;
    },
    async session(order) {
      const state = await place.state(order);
      await startHost(state, never);
      return state;
    },
    async [Symbol.asyncDispose]() {
      for (const state of states) await stopSession(state, options);
      await folder[Symbol.asyncDispose]();
    },
  };
  return place;
}

async function hostOf(state: StateFolder) {
  const host = await readHost(state);
  if (host === undefined) throw new Error("no host");
  return host;
}

async function untilGone(host: ProcessIdentity): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
    if (!(await isRunning(host))) return;
  }
  throw new Error("the host still runs");
}

const sync = { command: "sync" } as const;

test.concurrent("the errors of a stage arrive as they were thrown, and stay the session's", async () => {
  await using place = await makePlace();
  const state = await place.session();
  const start = sendCommand(state, { command: "start" }, options);
  await expect(start).rejects.toThrow(UsageError);
  await expect(start).rejects.toThrow("is not inside a Git repository");
  await expect(sendCommand(state, { command: "bootstrap" }, options)).rejects.toThrow("Git repository");

  expect(await sendCommand(state, sync, options)).toEqual({ kind: "settled" });
  const verdict: unknown = JSON.parse(await readFile(state.verdict, "utf8"));
  expect(verdict).toMatchObject({ result: "misused", applications: [] });
});

test.concurrent("commands out of their order are refused with the step that is missing", async () => {
  await using place = await makePlace();
  const state = await place.session();
  const refused = sendCommand(state, { command: "bootstrap" }, options);
  await expect(refused).rejects.toThrow("this session has no cluster yet");
  await expect(refused).rejects.toMatchObject({ fix: "Run setup-cluster first." });
  await expect(sendCommand(state, sync, options)).rejects.toThrow(UsageError);

  await expect(sendCommand(state, { command: "start" }, options)).rejects.toThrow();
  await expect(sendCommand(state, { command: "start" }, options)).rejects.toThrow("was started already");
  await sendCommand(state, sync, options);
  await expect(sendCommand(state, sync, options)).rejects.toThrow("were synced already");
});

test.concurrent("nobody else may connect", async () => {
  await using place = await makePlace();
  const state = await place.session();
  expect((await stat(state.socket)).mode & 0o777).toBe(0o600);
});

test.concurrent("a client of another release is told so", async () => {
  await using place = await makePlace();
  const state = await place.session();
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(state.socket, () => socket.write('{"protocol":99,"command":"stop"}\n'));
    socket.on("data", (chunk) => (text += chunk)).on("close", () => resolve(text));
  });
  expect(JSON.parse(answer)).toMatchObject({ type: "error", error: { kind: "usage" } });
  expect(await isRunning(await hostOf(state))).toBe(true);
});

test.concurrent("a session that is stopped leaves neither host nor folder, and may be stopped twice", async () => {
  await using place = await makePlace();
  const state = await place.session();
  const host = await hostOf(state);
  await stopSession(state, options);
  expect(await isRunning(host)).toBe(false);
  expect(await readdir(place.path)).toEqual([]);
  await stopSession(state, options);
});

test.concurrent("one that nobody uses ends by itself, and says why", async () => {
  await using place = await makePlace();
  const state = await place.session({ idleMs: 200 });
  await expect(sendCommand(state, { command: "start" }, options)).rejects.toThrow();
  await untilGone(await hostOf(state));
  const late = sendCommand(state, { command: "bootstrap" }, options);
  await expect(late).rejects.toThrow(InfrastructureError);
  await expect(late).rejects.toThrow("nothing was asked of it for 0.2 s");
});

test.concurrent("SIGTERM ends it", async () => {
  await using place = await makePlace();
  const state = await place.session();
  process.kill((await hostOf(state)).pid, "SIGTERM");
  await untilGone(await hostOf(state));
  expect(await endOfLog(state)).toContain("its host got SIGTERM");
});

test.concurrent("SIGKILL is told by the next command, and cleaned up after", async () => {
  await using place = await makePlace();
  const state = await place.session();
  process.kill((await hostOf(state)).pid, "SIGKILL");
  await untilGone(await hostOf(state));
  await expect(sendCommand(state, { command: "start" }, options)).rejects.toThrow(
    /the session ended (before|in the middle of) start; the end of its log: .*the session begins/,
  );
  await stopSession(state, options);
  expect(await readdir(place.path)).toEqual([]);
});

test.concurrent("it ends with the job's runner, and takes its folder with it", async () => {
  const runner: ChildProcess = spawn("sleep", ["60"], { stdio: "ignore" });
  await using place = await makePlace();
  const state = await place.session({ runner: await identityOf(runner.pid ?? 0) });
  const host = await hostOf(state);
  await sleep(500);
  expect(await isRunning(host)).toBe(true);
  runner.kill("SIGKILL");
  await untilGone(host);
  expect(await readdir(place.path)).toEqual([]);
});

// /proc tells the environment of another process.
test
  .runIf(process.platform === "linux")
  .concurrent("what GitHub hands to one step alone does not reach the host", async () => {
    process.env.INPUT_TOKEN = "of this step";
    process.env.GITHUB_OUTPUT = "/of/this/step";
    process.env.RUNNER_TRACKING_ID = "github_1";
    try {
      await using place = await makePlace();
      const state = await place.session();
      const environment = await readFile(`/proc/${(await hostOf(state)).pid}/environ`, "utf8");
      expect(environment).not.toContain("of this step");
      expect(environment).not.toContain("/of/this/step");
      expect(environment).toContain("RUNNER_TRACKING_ID=github_1"); // the runner may kill it at the end
    } finally {
      delete process.env.INPUT_TOKEN;
      delete process.env.GITHUB_OUTPUT;
      delete process.env.RUNNER_TRACKING_ID;
    }
  });

test.concurrent("a host that cannot start is told with its log", async () => {
  await using place = await makePlace();
  const state = await place.state();
  await writeFile(state.request, "{}");
  await expect(startHost(state, never)).rejects.toThrow(
    /exited with code 1; the end of its log: .*request.json is no order/,
  );
});
