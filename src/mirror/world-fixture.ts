import { cp, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { openCheckout } from "../repository/checkout.ts";
import {
  commit,
  createRepository,
  git,
  gitEnvironment,
  type TemporaryFolder,
  temporaryFolder,
} from "../repository/git-fixture.ts";
import { silentLog } from "../runner/log.ts";
import { prepareWorld, type World, type WorldRequest } from "./world.ts";

export const url = "https://github.com/o/r";

/** Where a test works. */
export interface Place {
  root: string;
  /** Where `upstream` and `checkout` are, once something has made them. */
  upstream: string;
  checkout: string;
  /** An upstream with `main`, `other` and a tag, and a clone of it on a branch with one more commit. */
  cloneWithChange(): Promise<{ first: string; head: string }>;
  prepare(request?: Partial<WorldRequest>, checkout?: string): Promise<World>;
  /** An empty folder in `root`. */
  newFolder(): Promise<string>;
}

/** Gives each test, or all of a file, a folder of its own, and a Git without anyone's configuration. */
export function usePlace(lifetime: "test" | "file" = "test"): Place {
  let folder: TemporaryFolder;
  let template: string;
  let made: Promise<{ first: string; head: string }> | undefined;
  let counter = 0;
  const place: Place = {
    root: "",
    upstream: "",
    checkout: "",
    async cloneWithChange() {
      made ??= makeTemplate(template);
      const commits = await made;
      await cp(template, place.root, { recursive: true, preserveTimestamps: true });
      return commits;
    },
    async prepare(request = {}, checkout = place.checkout) {
      return prepareWorld({
        checkout: await openCheckout(checkout),
        urls: [url],
        folder: join(place.root, `world-${counter++}`),
        fetch: true,
        log: silentLog,
        ...request,
      });
    },
    newFolder: () => mkdtemp(join(place.root, "folder-")),
  };
  const [before, after] = lifetime === "test" ? [beforeEach, afterEach] : [beforeAll, afterAll];
  beforeAll(async () => {
    template = await mkdtemp(join(tmpdir(), "rehearsal-template-"));
  });
  before(async () => {
    folder = await temporaryFolder();
    place.root = await realpath(folder.path);
    place.upstream = join(place.root, "upstream");
    place.checkout = join(place.root, "checkout");
    for (const [name, value] of Object.entries(gitEnvironment)) vi.stubEnv(name, value);
  });
  after(async () => {
    vi.unstubAllEnvs();
    await folder[Symbol.asyncDispose]();
  });
  afterAll(() => rm(template, { recursive: true, force: true }));
  return place;
}

/** The content of a file in the merge result, or another revision. */
export function show(world: World, path: string, revision = world.merge): Promise<string> {
  return git(world.gitDir, "show", `${revision}:${path}`);
}

async function makeTemplate(folder: string): Promise<{ first: string; head: string }> {
  const upstream = join(folder, "upstream");
  const checkout = join(folder, "checkout");
  const first = await createRepository(upstream, { "a.yaml": "a: 1\n", "b.yaml": "b: 1\n" });
  await git(upstream, "branch", "other");
  await git(upstream, "tag", "-a", "v1", "-m", "v1");
  await git(folder, "clone", "--quiet", upstream, checkout);
  // Relative, so that a copy of both belongs together.
  await git(checkout, "remote", "set-url", "origin", "../upstream");
  await git(checkout, "switch", "--quiet", "-c", "change");
  return { first, head: await commit(checkout, { "a.yaml": "a: 2\n" }) };
}
