import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { commit, git, writeFiles } from "../repository/git-fixture.ts";
import type { Mirror } from "./mirror.ts";
import { connectThrough, gitThrough, openTestMirror } from "./mirror-fixture.ts";
import type { World } from "./world.ts";
import { url, usePlace } from "./world-fixture.ts";

const place = usePlace("file");

let world: World;
let mirror: Mirror;
let first: string;

beforeAll(async () => {
  ({ first } = await place.cloneWithChange());
  world = await place.prepare();
});

beforeEach(async () => {
  mirror = await openTestMirror(world);
});

afterEach(() => mirror[Symbol.asyncDispose]());

function through(...args: string[]) {
  return gitThrough(mirror, place.root, args);
}

describe("to a client that uses it as its proxy", () => {
  test.each([
    url,
    `${url}.git`,
    `${url}/`,
    `${url}.git/`,
    "https://GitHub.com/O/R.git",
    "https://someone:token@github.com/o/r",
    "https://github.com:443/o/r",
    "http://github.com/o/r",
  ])("%s is the world after the merge", async (spelling) => {
    const listing = await through("ls-remote", "--symref", spelling);
    expect(listing.stderr).toBe("");
    expect(listing.stdout.split("\n")).toEqual(
      expect.arrayContaining([
        "ref: refs/heads/main\tHEAD",
        `${world.merge}\tHEAD`,
        `${world.merge}\trefs/heads/main`,
        `${first}\trefs/heads/other`,
        `${first}\trefs/tags/v1^{}`,
        `${world.head}\trefs/rehearsal/head`,
      ]),
    );
    const client = await place.newFolder();
    const clone = await through("clone", "--quiet", spelling, client);
    expect(clone).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await git(client, "rev-parse", "HEAD")).toBe(world.merge);
    expect(await readFile(join(client, "a.yaml"), "utf8")).toBe("a: 2\n");
    const spelled = spelling.replace("someone:token@", "").replace(/\/$/, "");
    const [served] = mirror.evidence().fetches;
    expect(served?.url.toLowerCase()).toBe(spelled.replace(":443", "").toLowerCase());
    expect(served?.commits).toContain(world.merge);
  });

  test.each([0, 1, 2])("protocol version %i works, and is evidence", async (version) => {
    const clone = await through(
      "-c",
      `protocol.version=${version}`,
      "clone",
      "--quiet",
      `${url}.git`,
      await place.newFolder(),
    );
    expect(clone).toMatchObject({ exitCode: 0 });
    expect(mirror.evidence().fetches).toHaveLength(1);
    expect(mirror.evidence().fetches[0]).toMatchObject({ url: `${url}.git` });
    expect([...(mirror.evidence().fetches[0]?.commits ?? [])].sort()).toEqual([world.merge, first].sort());
  });

  test("looking at the refs alone is no fetch", async () => {
    await through("ls-remote", url);
    expect(mirror.evidence().fetches).toEqual([]);
  });

  test("commits are there under their own SHA, as Argo CD fetches them", async () => {
    const client = await place.newFolder();
    await git(client, "init", "--quiet");
    await git(client, "remote", "add", "origin", url);
    for (const sha of [world.head, first, world.merge]) {
      const fetched = await gitThrough(mirror, client, [
        "fetch",
        "origin",
        sha,
        "--tags",
        "--force",
        "--prune",
      ]);
      expect(fetched.exitCode).toBe(0);
      expect(await git(client, "rev-parse", "FETCH_HEAD")).toBe(sha);
      expect(mirror.evidence().fetches.at(-1)?.commits).toContain(sha);
    }
    const shallow = await gitThrough(mirror, client, [
      "fetch",
      "origin",
      world.merge,
      "--depth",
      "1",
      "--force",
    ]);
    expect(shallow.exitCode).toBe(0);
  });

  test("a commit that does not exist is no evidence", async () => {
    const client = await place.newFolder();
    await git(client, "init", "--quiet");
    const missing = "1".repeat(40);
    const fetched = await gitThrough(mirror, client, ["fetch", url, missing]);
    expect(fetched.exitCode).not.toBe(0);
    expect(mirror.evidence().fetches).toEqual([]);
  });

  test("an annotated tag is evidence of its commit", async () => {
    const tag = await git(world.gitDir, "rev-parse", "refs/tags/v1");
    const client = await place.newFolder();
    await git(client, "init", "--quiet");
    await gitThrough(mirror, client, ["fetch", "--no-tags", url, "refs/tags/v1"]);
    expect(tag).not.toBe(first);
    expect(mirror.evidence().fetches).toEqual([{ url, commits: [first] }]);
  });

  test("many at once are served", async () => {
    const folder = await place.newFolder();
    const clones = await Promise.all(
      Array.from({ length: 20 }, (_, index) => through("clone", "--quiet", url, join(folder, `${index}`))),
    );
    expect(clones.map((clone) => clone.exitCode)).toEqual(clones.map(() => 0));
    expect(mirror.evidence().fetches).toHaveLength(20);
  });

  test("a fetch that negotiates over several requests, packed with gzip, gets what it lacks", async () => {
    // The client offers its newest commits first, and the mirror has none of these.
    const client = await place.newFolder();
    const trace = join(client, ".git/trace");
    await git(client, "clone", "--quiet", place.upstream, ".");
    const history = Array.from(
      { length: 600 },
      (_, index) => `commit refs/heads/own\ncommitter A <a@b> ${1_900_000_000 + index} +0000\ndata 1\nx\n`,
    );
    await writeFiles(join(client, ".git"), { stream: `${history.join("\n")}\n` });
    await git(
      client,
      "-c",
      `alias.import=!git fast-import --quiet <${join(client, ".git/stream")}`,
      "import",
    );
    const fetched = await gitThrough(mirror, client, ["fetch", url, "main"], {
      GIT_TRACE_CURL: trace,
    });
    expect(fetched.exitCode).toBe(0);
    expect(/Content-Encoding: gzip/i.test(await readFile(trace, "utf8"))).toBe(true);
    expect(await git(client, "rev-parse", "FETCH_HEAD")).toBe(world.merge);
    expect(mirror.evidence().fetches).toEqual([{ url, commits: [world.merge] }]);
  });

  test("what it takes from the mirror is the mirror's own certificate", async () => {
    const other = await openTestMirror(world, { folder: join(place.root, "other") });
    const mixed = { proxyUrl: mirror.proxyUrl, caBundle: other.caBundle };
    const listing = await gitThrough(mixed, place.root, ["ls-remote", url]);
    await other[Symbol.asyncDispose]();
    expect(listing.exitCode).not.toBe(0);
    expect(mirror.evidence().tunnels).toEqual([
      {
        host: "github.com:443",
        outcome: "failed",
        count: 1,
        reason: expect.stringContaining("does it trust"),
      },
    ]);
  });
});

describe("refuses", () => {
  test.each(["", "rehearsal:wrong@", "someone:"])("proxy credentials %j", async (credentials) => {
    const proxyUrl = mirror.proxyUrl.replace(
      /\/\/.*@/,
      `//${credentials === "someone:" ? `someone:${passwordOf(mirror)}@` : credentials}`,
    );
    for (const spelling of [url, "http://github.com/o/r"]) {
      const listing = await gitThrough({ ...mirror, proxyUrl }, place.root, ["ls-remote", spelling]);
      expect(listing.exitCode).not.toBe(0);
      expect(listing.stderr).toContain("407");
    }
  });

  test("pushes", async () => {
    const client = await place.newFolder();
    await through("clone", "--quiet", url, client);
    await commit(client, { "evil.yaml": "e: 1\n" });
    const pushed = await gitThrough(mirror, client, ["push", "origin", "main"]);
    expect(pushed.exitCode).not.toBe(0);
    expect(pushed.stderr).toContain("403");
    expect(await git(world.gitDir, "rev-parse", "refs/heads/main")).toBe(world.merge);
    expect(mirror.evidence().tunnels).toEqual([
      { host: "github.com:443", outcome: "refused", count: 1, reason: "/o/r: it takes no pushes" },
    ]);
  });

  test("the dumb protocol", async () => {
    const listing = await gitThrough(mirror, place.root, ["ls-remote", url], { GIT_SMART_HTTP: "0" });
    expect(listing.exitCode).not.toBe(0);
    expect(listing.stderr).toContain("403");
  });
});

test("its bundle holds its own authority and the system's, each on lines of its own", async () => {
  const bundle = await readFile(mirror.caBundle, "utf8");
  const blocks = bundle.split("-----BEGIN CERTIFICATE-----").length - 1;
  expect(blocks).toBeGreaterThan(1);
  expect(bundle).not.toMatch(/-----END CERTIFICATE-----[^\n]/);
});

test("a body that is no gzip is a bad request", async () => {
  for (const body of [Buffer.from("this is not gzip"), gzipSync("0032want nothing\n").subarray(0, 12)]) {
    const socket = await tunnelTo("github.com:443");
    socket.write(
      "POST /o/r/git-upload-pack HTTP/1.1\r\nHost: github.com\r\nContent-Encoding: gzip\r\n" +
        "Content-Type: application/x-git-upload-pack-request\r\n" +
        `Content-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  }
  expect((await through("ls-remote", url)).exitCode).toBe(0);
});

test("disposing in the middle of a fetch leaves no process", async () => {
  const large = await prepareLarge();
  const busy = await openTestMirror(large);
  const socket = await tunnelTo("github.com:443", busy);
  const want = `0032want ${large.merge}\n00000009done\n`;
  socket.write(
    "POST /o/r/git-upload-pack HTTP/1.1\r\nHost: github.com\r\nContent-Type: application/x-git-upload-pack-request\r\n" +
      `Content-Length: ${want.length}\r\n\r\n${want}`,
  );
  // Without reading on, the answer cannot end.
  await once(socket, "readable");
  expect(await processesOf(large.gitDir)).not.toEqual([]);
  const started = performance.now();
  await busy[Symbol.asyncDispose]();
  expect(performance.now() - started).toBeLessThan(1000);
  expect(await processesOf(large.gitDir)).toEqual([]);
  expect(busy.evidence().fetches).toEqual([]);
  socket.destroy();
});

test("a client that goes away in the middle of a fetch leaves no process and no evidence", async () => {
  const large = await prepareLarge();
  await using busy = await openTestMirror(large);
  const leave = new AbortController();
  const clone = gitThrough(
    busy,
    place.root,
    ["clone", "--quiet", url, await place.newFolder()],
    {},
    leave.signal,
  );
  await expect.poll(() => processesOf(large.gitDir), { timeout: 5000, interval: 5 }).not.toEqual([]);
  leave.abort(new Error("left"));
  await expect(clone).rejects.toThrow("left");
  await expect.poll(() => processesOf(large.gitDir), { timeout: 5000 }).toEqual([]);
  expect(busy.evidence().fetches).toEqual([]);
});

/** A world whose fetch takes a while, and more than the buffers of a connection. */
async function prepareLarge(): Promise<World> {
  await writeFile(join(place.checkout, "large.bin"), randomBytes(16_000_000));
  return place.prepare({ worktree: true });
}

function passwordOf({ proxyUrl }: Mirror): string {
  return new URL(proxyUrl).password;
}

/** A TLS connection through a mirror, with a certificate that nobody checks here. */
async function tunnelTo(authority: string, through = mirror) {
  const { socket, answer } = await connectThrough(through, authority);
  expect(answer).toMatch(/^HTTP\/1\.1 200/);
  const secured = connectTls({
    socket,
    ca: await readFile(through.caBundle),
    servername: authority.split(":")[0] ?? "",
  });
  secured.on("error", () => {});
  await once(secured, "secureConnect");
  return secured;
}

/** Running processes that have `path` in their arguments, environment or working folder. */
async function processesOf(path: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    const read = (name: string) => readFile(`/proc/${pid}/${name}`, "latin1").catch(() => "");
    const [command, environment, cwd] = await Promise.all([
      read("cmdline"),
      read("environ"),
      readlink(`/proc/${pid}/cwd`).catch(() => ""),
    ]);
    if ([command, environment, cwd].some((text) => text.includes(path))) found.push(command);
  }
  return found;
}
