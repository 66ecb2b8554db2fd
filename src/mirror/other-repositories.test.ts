import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  commit,
  createRepository,
  git,
  gitEnvironment,
  type TemporaryFolder,
  temporaryFolder,
} from "../repository/git-fixture.ts";
import { tryRun } from "../runner/process.ts";
import { noCredentials, resolveCredentials } from "../vendor/credentials.ts";
import { createEvidenceLog } from "../vendor/evidence.ts";
import { createGitRepositories, type GitRepositoriesOptions } from "../vendor/git-repositories.ts";
import { emptyLock } from "../vendor/lock.ts";
import { createUpstream } from "../vendor/outside/upstream.ts";
import { openStore } from "../vendor/store.ts";
import { createGitBackend } from "./git-backend.ts";
import { type HttpsHost, startHost } from "./mirror-fixture.ts";
import { createOtherRepositories } from "./other-repositories.ts";

const url = "https://git.example.org/else/apps";
const offline = "--offline forbids asking for it";
let folder: TemporaryFolder;
let first: string;
const opened: AsyncDisposable[] = [];

beforeEach(async () => {
  for (const [name, value] of Object.entries(gitEnvironment)) vi.stubEnv(name, value);
  folder = await temporaryFolder();
  first = await createRepository(join(folder.path, "apps"), { "a.yaml": "a: 1\n" });
  await git(join(folder.path, "apps"), "tag", "-a", "v1", "-m", "v1");
  await commit(join(folder.path, "apps"), { "a.yaml": "a: 2\n" });
});

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

/** The real host, with an `authorization` that it demands. */
async function hostOf(authorization?: string): Promise<HttpsHost> {
  const backend = await createGitBackend(join(folder.path, "apps/.git"));
  const host = await startHost(["git.example.org"], (request, response) => {
    const target = new URL(request.url ?? "", "https://git.example.org");
    if (authorization && request.headers.authorization !== authorization) {
      response.writeHead(401, { "www-authenticate": "Basic" }).end();
    } else if (target.pathname.startsWith("/old/apps/")) {
      response.writeHead(301, { location: `/else/apps.git/info/refs${target.search}` }).end();
    } else if (!/^\/else\/apps(\.git)?\//.test(target.pathname)) {
      response.writeHead(404).end();
    } else {
      void backend.answer(request, response, request.method === "GET" ? "refs" : "fetch", () => {});
    }
  });
  opened.push(host);
  return host;
}

/** What answers to clients in the place of the real host; it has the same cache each time. */
async function open(options: Partial<GitRepositoriesOptions> & { host?: HttpsHost | undefined } = {}) {
  const { host } = options;
  const evidence = createEvidenceLog();
  const repositories = createGitRepositories({
    store: openStore(join(folder.path, "store")),
    lock: emptyLock,
    credentials: noCredentials,
    evidence,
    forbidden: undefined,
    upstream: createUpstream({
      loopback: true,
      authorities: host?.authority ?? "",
      environment: {},
      route: () => ({ host: "127.0.0.1", port: host?.port ?? 1 }),
    }),
    ...options,
  });
  const others = createOtherRepositories({ repositories, evidence });
  const server = createServer((request, response) => {
    void others.answer(request, response, new URL(request.url ?? "", "https://git.example.org"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  opened.push({
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  const local = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { local, evidence, repositories };
}

function client(local: string, ...args: string[]) {
  const insteadOf = ["-c", `url.${local}/.insteadOf=https://git.example.org/`];
  return tryRun("git", [...insteadOf, ...args], {
    cwd: folder.path,
    env: { ...gitEnvironment, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
  });
}

/** As Argo CD has it. */
async function fetchAsArgoCd(local: string, name: string) {
  await git(folder.path, "init", "--quiet", name);
  await git(join(folder.path, name), "remote", "add", "origin", url);
  return client(local, "-C", name, "fetch", "origin", "--tags", "--force", "--prune");
}

/** As kustomize has it. */
async function fetchAsKustomize(local: string, name: string, ref: string) {
  await git(folder.path, "init", "--quiet", name);
  return client(local, "-C", name, "fetch", "--depth=1", url, ref);
}

describe("where upstream may be asked", () => {
  test("all of a repository is brought, kept, and answered without any network afterwards", async () => {
    const { local, evidence } = await open({ host: await hostOf() });
    const listed = await client(local, "-c", "protocol.version=0", "ls-remote", url);
    expect(listed.stdout).toContain(`refs/tags/v1^{}`);
    expect(await fetchAsArgoCd(local, "online")).toMatchObject({ exitCode: 0 });
    expect(evidence.snapshot().served).toMatchObject([{ what: url, from: "upstream" }]);

    const later = await open({ forbidden: offline });
    expect((await client(later.local, "-c", "protocol.version=0", "ls-remote", `${url}.git`)).stdout).toBe(
      listed.stdout,
    );
    expect(await fetchAsArgoCd(later.local, "offline")).toMatchObject({ exitCode: 0 });
    expect(await git(join(folder.path, "offline"), "show", "v1:a.yaml")).toBe("a: 1");
    expect(later.evidence.snapshot().served[0]).toMatchObject({ what: url, from: "cache" });
  });

  test("one revision is brought without its history", async () => {
    const { local, repositories } = await open({ host: await hostOf() });
    expect(await fetchAsKustomize(local, "one", "v1")).toMatchObject({ exitCode: 0 });
    expect(await git(join(folder.path, "one"), "show", "FETCH_HEAD:a.yaml")).toBe("a: 1");
    const kept = await repositories.kept(url);
    expect(await kept?.isComplete()).toBe(false);
    expect(await kept?.resolve("v1")).toBe(first);
    expect(await kept?.resolve("main")).toBeUndefined();

    const later = await open({ forbidden: offline });
    expect(await fetchAsKustomize(later.local, "again", "v1")).toMatchObject({ exitCode: 0 });
    expect(await fetchAsKustomize(later.local, "commit", first)).toMatchObject({ exitCode: 0 });
  });

  test("a commit is brought by its SHA, HEAD by its branch", async () => {
    const { local, repositories } = await open({ host: await hostOf() });
    expect(await fetchAsKustomize(local, "sha", first)).toMatchObject({ exitCode: 0 });
    expect(await fetchAsKustomize(local, "head", "HEAD")).toMatchObject({ exitCode: 0 });
    expect(await git(join(folder.path, "head"), "show", "FETCH_HEAD:a.yaml")).toBe("a: 2");
    expect(await (await repositories.kept(url))?.resolve(undefined)).toBeDefined();
  });

  test("what was kept in part is completed", async () => {
    const { local } = await open({ host: await hostOf() });
    await fetchAsKustomize(local, "one", "v1");
    expect(await fetchAsArgoCd(local, "all")).toMatchObject({ exitCode: 0 });
    expect(await git(join(folder.path, "all"), "rev-list", "--count", "origin/main")).toBe("2");
  });

  test("the cache does where the host does not answer, and what is new upstream replaces it", async () => {
    const host = await hostOf();
    await fetchAsKustomize((await open({ host })).local, "one", "main");
    const unreachable = await open();
    expect(await fetchAsKustomize(unreachable.local, "two", "main")).toMatchObject({ exitCode: 0 });
    expect(unreachable.evidence.snapshot().served[0]).toMatchObject({
      from: "cache",
      why: expect.stringContaining("cannot be reached"),
    });
    const newer = await commit(join(folder.path, "apps"), { "a.yaml": "a: 3\n" });
    await fetchAsKustomize((await open({ host })).local, "three", "main");
    expect(await git(join(folder.path, "three"), "rev-parse", "FETCH_HEAD")).toBe(newer);
  });

  test("a revision or repository that upstream has not is said as the host says it", async () => {
    const { local } = await open({ host: await hostOf() });
    const revision = await fetchAsKustomize(local, "one", "v9");
    expect(revision.stderr).toContain("couldn't find remote ref v9");
    const repository = await client(local, "ls-remote", "https://git.example.org/else/nothing");
    expect(repository.stderr).toContain("not found");
  });

  test("a repository that has moved is followed", async () => {
    const { local } = await open({ host: await hostOf() });
    const moved = await client(
      local,
      "-c",
      "protocol.version=0",
      "ls-remote",
      "https://git.example.org/old/apps",
      "v1",
    );
    expect(moved).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("refs/tags/v1") });
  });

  test("declared credentials are given to the host, and asked of no client", async () => {
    const host = await hostOf(`Basic ${Buffer.from("me:secret").toString("base64")}`);
    const refused = await open({ host });
    expect((await client(refused.local, "ls-remote", url)).stderr).toContain("could not read Username");
    const declared = [{ url: "https://git.example.org/else/", username: "me", passwordFrom: "TOKEN" }];
    const { local } = await open({ host, credentials: resolveCredentials(declared, { TOKEN: "secret" }) });
    expect(await fetchAsArgoCd(local, "private")).toMatchObject({ exitCode: 0 });
    expect(await git(join(folder.path, "private"), "show", "v1:a.yaml")).toBe("a: 1");
  });
});

describe("where upstream may not be asked", () => {
  test("what was never kept is refused in one clear line", async () => {
    const { local, evidence } = await open({ forbidden: offline });
    const message =
      "git.example.org/else/apps is not in the cache, and --offline forbids asking for it; run rehearse vendor";
    expect((await client(local, "ls-remote", url)).stderr).toContain(message);
    expect((await fetchAsKustomize(local, "one", "v1")).exitCode).not.toBe(0);
    expect(evidence.snapshot().refused[0]).toMatchObject({ kind: "absent", message });
  });

  test("what was kept in part refuses everything, and other revisions", async () => {
    await fetchAsKustomize((await open({ host: await hostOf() })).local, "one", "v1");
    const { local } = await open({ forbidden: offline });
    const other = await fetchAsKustomize(local, "two", "main");
    expect(other.stderr).toContain(
      "remote error: main of git.example.org/else/apps is not in the cache, and",
    );
    expect((await fetchAsArgoCd(local, "three")).stderr).toContain(
      "the whole of git.example.org/else/apps is not in the cache",
    );
  });

  test("a tag that is not what the lock says is refused with both commits", async () => {
    await fetchAsKustomize((await open({ host: await hostOf() })).local, "one", "v1");
    const locked = "1".repeat(40);
    const lock = { entries: [{ kind: "git" as const, source: url, version: "v1", commit: locked }] };
    const { local } = await open({ forbidden: offline, lock });
    const { stderr } = await fetchAsKustomize(local, "two", "v1");
    expect(stderr).toContain(`the lock has ${locked}, the cache has ${first}`);
  });
});
