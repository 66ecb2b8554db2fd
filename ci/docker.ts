import { access, chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../src/runner/errors.ts";
import { lastLines, run, tryRun } from "../src/runner/process.ts";

export interface DockerOptions {
  /** Holds the daemon's images, its log and our wrapper, should one be started. Default: `/var/lib/docker`. */
  dataRoot?: string;
  /** Told in words what takes time. */
  report?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** Disposing stops the daemon only where the call that gave it has started it. */
export type Docker = AsyncDisposable &
  (
    | { unavailable?: undefined; started: boolean }
    /** Why there is none, for the list of what was skipped. */
    | { unavailable: string }
  );

/** Package by program. tini is what `docker run --init` runs, and k3d asks for that. */
const needed = { dockerd: "docker.io", iptables: "iptables", tini: "tini" };
const readyMs = 60_000;
const found = { started: false, async [Symbol.asyncDispose]() {} } satisfies Docker;
const without = (unavailable: string): Docker => ({ unavailable, async [Symbol.asyncDispose]() {} });

/** Gives the Docker Engine that answers. Never throws for want of one, and never starts any. */
export async function findDocker(): Promise<Docker> {
  const refusal = await answer(undefined);
  return refusal === undefined ? found : without(refusal);
}

/**
 * Gives a Docker Engine on the default socket (or `DOCKER_HOST`): the one that answers, or else, as root on
 * Debian and Ubuntu, one that this call installs and starts. Never throws for want of one.
 */
export async function ensureDocker(options: DockerOptions = {}): Promise<Docker> {
  const { report = () => undefined, signal, dataRoot = "/var/lib/docker" } = options;
  const asked = await answer(signal);
  if (asked === undefined) return found;
  if (process.env.DOCKER_HOST) return without(`DOCKER_HOST does not answer: ${asked}`);
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return without(`no Docker Engine answers (${asked}), and only root on Linux can start one`);

  try {
    await installMissing(needed, { report, signal });
    if ((await answer(signal)) === undefined) return found; // where an init runs, the package has started it
    return await start(dataRoot, report, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return without(messageOf(error));
  }
}

/** Undefined where a daemon answers, else what the client says. */
async function answer(signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const result = await tryRun("docker", ["version", "--format", "{{.Server.Version}}"], {
      signal,
      timeoutMs: 20_000,
    });
    return result.exitCode === 0 ? undefined : lastLines(result.stderr, 1);
  } catch (error) {
    signal?.throwIfAborted();
    return messageOf(error);
  }
}

/** Installs what is not on the PATH with apt-get; `needed` names a package for each program. */
export async function installMissing(
  needed: Record<string, string>,
  { report, signal }: Pick<DockerOptions, "report" | "signal">,
): Promise<void> {
  const folders = (process.env.PATH ?? "").split(":").concat("/usr/sbin", "/sbin");
  const missing: string[] = [];
  for (const [program, name] of Object.entries(needed)) {
    const found = await Promise.all(folders.map((folder) => exists(join(folder, program))));
    if (!found.includes(true)) missing.push(name);
  }
  if (missing.length === 0) return;
  report?.(`installing ${missing.join(", ")}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-q"], { env, signal });
  await run("apt-get", ["install", "-qy", "--no-install-recommends", ...missing], { env, signal });
}

async function start(
  dataRoot: string,
  report: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<Docker> {
  report("starting dockerd");
  await mkdir(dataRoot, { recursive: true });
  await removeStalePidFile("/var/run/docker.pid");
  const log = join(dataRoot, "dockerd.log");
  const pidFile = join(dataRoot, "rehearsal-dockerd.pid");
  const args = ["--data-root", dataRoot, "--oom-score-adjust", "0", ...(await runtimeArguments(dataRoot))];
  const daemon = ["--pidfile", pidFile, "--name", "dockerd"];
  await run(
    "start-stop-daemon",
    [
      ...["--start", "--oknodo", "--background", "--make-pidfile", ...daemon],
      ...["--output", log, "--startas", "/usr/sbin/dockerd", "--", ...args],
    ],
    { signal },
  );
  const stop = async () => {
    await tryRun("start-stop-daemon", ["--stop", "--oknodo", "--retry", "TERM/30/KILL/5", ...daemon]);
  };
  try {
    const end = Date.now() + readyMs;
    while ((await answer(signal)) !== undefined) {
      const alive = await tryRun("start-stop-daemon", ["--status", ...daemon]);
      if (alive.exitCode !== 0 || Date.now() > end)
        throw new Error(`dockerd does not start: ${lastLines(await readFile(log, "utf8"), 3)}`);
      await sleep(250, undefined, { signal });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { started: true, [Symbol.asyncDispose]: stop };
}

/** dockerd refuses to start where its file names any process that lives, though another has the pid by now. */
export async function removeStalePidFile(file: string): Promise<void> {
  const pid = (await readFile(file, "utf8").catch(() => "")).trim();
  if (!/^\d+$/.test(pid)) return;
  const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "");
  if (name.trim() !== "dockerd") await rm(file, { force: true });
}

const sysResource = 24n; // capability(7)

/**
 * Some machines withhold CAP_SYS_RESOURCE. runc then cannot start privileged containers, which are given
 * every capability by name: a wrapper takes that one out of what runc is asked for.
 */
async function runtimeArguments(folder: string): Promise<string[]> {
  const status = await readFile("/proc/self/status", "utf8");
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  if ((bounding >> sysResource) & 1n) return [];
  const wrapper = await writeRuntimeWrapper(folder);
  return ["--add-runtime", `without-sys-resource=${wrapper}`, "--default-runtime", "without-sys-resource"];
}

/** Gives the path of a program that starts runc without that capability. */
export async function writeRuntimeWrapper(folder: string): Promise<string> {
  const wrapper = join(folder, "runc-without-sys-resource");
  await writeFile(wrapper, runtimeWrapper);
  await chmod(wrapper, 0o755);
  return wrapper;
}

/** Changes the bundle's config.json of `create`, and the process file of `exec`. */
const runtimeWrapper = `#!/bin/sh
previous=
for argument; do
  case $previous in
    --bundle | -b) file=$argument/config.json ;;
    --process | -p) file=$argument ;;
  esac
  previous=$argument
done
if [ -n "$file" ]; then
  sed -i -e 's/,"CAP_SYS_RESOURCE"//g' -e 's/"CAP_SYS_RESOURCE",\\{0,1\\}//g' "$file"
fi
exec runc "$@"
`;

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** `node ci/docker.ts` starts one, and leaves it running. */
if (import.meta.main) {
  const docker = await ensureDocker({ report: (line) => process.stderr.write(`${line}\n`) });
  process.stderr.write(`${docker.unavailable ?? "Docker answers"}\n`);
  process.exitCode = docker.unavailable === undefined ? 0 : 1;
}
