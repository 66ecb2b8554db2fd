import { tmpdir } from "node:os";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { lastLines, tryRun } from "../runner/process.ts";
import { codeOf, noSpaceFix } from "./disk.ts";

/** The first release that knows the `tool` lines of a go.mod. It fetches the release that go.mod names. */
export const minimumGo = { major: 1, minor: 24 } as const;

const installFix = `Install Go ${minimumGo.major}.${minimumGo.minor} or newer (https://go.dev/dl), or name a folder that has the programs.`;

/** The installed Go, such as `1.26.8`; undefined where there is none on the PATH. */
export async function installedGo(signal?: AbortSignal): Promise<string | undefined> {
  try {
    // From elsewhere and `local`: it must not read our go.mod and fetch what that asks for.
    const result = await tryRun("go", ["version"], {
      cwd: tmpdir(),
      env: { GOTOOLCHAIN: "local" },
      signal,
      timeoutMs: 20_000,
    });
    return /\bgo(\d+\.\d+(?:\.\d+)?\S*)/.exec(result.stdout)?.[1];
  } catch (error) {
    if (error instanceof InfrastructureError && isNotFound(error.cause)) return undefined;
    throw error;
  }
}

function isNotFound(cause: unknown): boolean {
  return codeOf(cause) === "ENOENT";
}

/** Whether a version of Go can build the toolchain. */
export function isGoNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > minimumGo.major || (major === minimumGo.major && minor >= minimumGo.minor);
}

/** Throws UsageError where Go is missing or too old to build the toolchain. */
export async function requireGo(signal?: AbortSignal): Promise<string> {
  const version = await installedGo(signal);
  if (version === undefined) {
    throw new UsageError("the toolchain has to be built, and no Go is on the PATH", { fix: installFix });
  }
  if (!isGoNewEnough(version)) {
    throw new UsageError(
      `the toolchain has to be built, and Go ${version} is older than ${minimumGo.major}.${minimumGo.minor}`,
      { fix: installFix },
    );
  }
  return version;
}

const networkTroubles = [
  /dial tcp.*/,
  /no such host.*/,
  /i\/o timeout/,
  /TLS handshake timeout/,
  /connection (?:refused|reset by peer)/,
  /network is unreachable/,
  /proxyconnect.*/,
  /module lookup disabled by GOPROXY=off/,
  /unexpected EOF/,
  /(?:reading|Get) "?https?:\/\/\S+?:? (?:40[37]|429|5\d\d) .*/,
  /toolchain not available/,
];

/** The error for a go command that ended with a code other than 0. `doing` is its subject: `building helm`. */
export function explainGoFailure(doing: string, output: string): InfrastructureError {
  const detail = lastLines(output.replace(/^go: downloading .*$/gm, ""), 5);
  if (/no space left on device|disk quota exceeded/.test(output)) {
    return new InfrastructureError(`no space left on the disk while ${doing}`, { fix: noSpaceFix });
  }
  if (/checksum mismatch|SECURITY ERROR/.test(output)) {
    const module = /verifying (\S+?):? checksum mismatch/.exec(output)?.[1] ?? "a module";
    return new InfrastructureError(`${module.replace(/:$/, "")} is not what go.sum pins (while ${doing})`, {
      fix: "Ask who serves your Go modules (GOPROXY); `go clean -modcache` drops what is downloaded already.",
    });
  }
  if (/signal: killed/.test(output)) {
    return new InfrastructureError(`a compiler was killed while ${doing}, most likely for lack of memory`, {
      fix: "Close other programs and start again: it goes on where it ended.",
    });
  }
  const trouble = networkTroubles.map((pattern) => pattern.exec(output)?.[0]).find(Boolean);
  if (trouble !== undefined) {
    return new InfrastructureError(`Go could not download what it needs while ${doing}: ${trouble}`, {
      fix: "Check the network and GOPROXY (`go env GOPROXY`), then start again: it goes on where it ended.",
    });
  }
  return new InfrastructureError(`${doing} failed: ${detail}`);
}
