import { readPackets } from "./pkt-line.ts";

/** What a client asks of git-upload-pack, protocol 0 to 2. */
export type UploadPackRequest =
  /** Names that refs are to begin with; of none, all. */
  | { kind: "ls-refs"; prefixes: readonly string[] }
  /** `cutOff`: with no more than so many commits of history. */
  | { kind: "fetch"; wants: readonly string[]; cutOff: boolean };

/** Reads the body of a request, unpacked. */
export function readUploadPackRequest(body: Buffer): UploadPackRequest {
  const lines: string[] = [];
  readPackets((payload) => {
    lines.push(payload.toString("latin1").replace(/\n$/, ""));
    return true;
  })(body);
  const after = (prefix: string) =>
    lines.flatMap((line) => (line.startsWith(prefix) ? [line.slice(prefix.length)] : []));
  if (lines[0] === "command=ls-refs") return { kind: "ls-refs", prefixes: after("ref-prefix ") };
  const wants = after("want ").flatMap((want) => /^[0-9a-f]{40,64}/.exec(want)?.[0] ?? []);
  return {
    kind: "fetch",
    wants: [...new Set(wants)],
    cutOff: lines.some((line) => line.startsWith("deepen")),
  };
}

/**
 * The one revision that a client asks the refs for, where it is one: `git fetch <url> v1` asks for each ref that
 * gitrevisions(7) lets the name stand for.
 */
export function revisionAmong(prefixes: readonly string[]): string | undefined {
  const all = new Set(prefixes);
  return prefixes.find((name) => all.has(`refs/tags/${name}`) && all.has(`refs/heads/${name}`));
}

/** The answer that every client shows as `remote error: …` and ends with. */
export function errorPacket(message: string): Buffer {
  const payload = Buffer.from(`ERR ${message}\n`);
  return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, "0")), payload]);
}
