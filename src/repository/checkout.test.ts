import { mkdir, realpath, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../runner/errors.ts";
import { findCommit, openCheckout, resolveRevision } from "./checkout.ts";
import {
  commit,
  createRepository,
  git,
  gitEnvironment,
  type TemporaryFolder,
  temporaryFolder,
} from "./git-fixture.ts";

let folder: TemporaryFolder;
let root: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  root = await realpath(folder.path);
  for (const [name, value] of Object.entries(gitEnvironment)) vi.stubEnv(name, value);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

test("gives the top folder and the scope in it", async () => {
  await createRepository(join(root, "lab"), { "apps/media/app.yaml": "a: 1\n" });
  const checkout = await openCheckout(join(root, "lab/apps/media"));
  expect(checkout.top).toBe(join(root, "lab"));
  expect(checkout.scope).toBe("apps/media");
  expect((await openCheckout(join(root, "lab"))).scope).toBe("");
});

test("follows a symbolic link to the checkout", async () => {
  await createRepository(join(root, "lab"), { "apps/app.yaml": "a: 1\n" });
  await symlink(join(root, "lab/apps"), join(root, "link"));
  const checkout = await openCheckout(join(root, "link"));
  expect(checkout.top).toBe(join(root, "lab"));
  expect(checkout.scope).toBe("apps");
});

test("knows branches", async () => {
  await createRepository(join(root, "lab"), { "a.yaml": "a: 1\n" });
  await git(join(root, "lab"), "switch", "--quiet", "-c", "feature");
  const checkout = await openCheckout(join(root, "lab"));
  expect(checkout.currentBranch).toBe("feature");
  expect(checkout.defaultBranch).toBe("main");
  expect(checkout.shallow).toBe(false);
  expect(checkout.partial).toBe(false);
});

test("takes the default branch from the remote's HEAD", async () => {
  await createRepository(join(root, "upstream"), { "a.yaml": "a: 1\n" });
  await git(join(root, "upstream"), "branch", "-m", "trunk");
  await git(root, "clone", "--quiet", "upstream", "lab");
  await git(join(root, "lab"), "switch", "--quiet", "-c", "main");
  expect((await openCheckout(join(root, "lab"))).defaultBranch).toBe("trunk");
});

test("has no default branch where the checkout is of CI", async () => {
  const first = await createRepository(join(root, "lab"), { "a.yaml": "a: 1\n" });
  await git(join(root, "lab"), "checkout", "--quiet", "--detach", first);
  await git(join(root, "lab"), "branch", "--quiet", "-D", "main");
  const checkout = await openCheckout(join(root, "lab"));
  expect(checkout.defaultBranch).toBeUndefined();
  expect(checkout.currentBranch).toBeUndefined();
});

test("gives remotes as they are contacted", async () => {
  await createRepository(join(root, "lab"), { "a.yaml": "a: 1\n" });
  await git(join(root, "lab"), "remote", "add", "origin", "gh:o/r");
  await git(join(root, "lab"), "config", "url.git@github.com:.insteadOf", "gh:");
  const { remotes } = await openCheckout(join(root, "lab"));
  expect(remotes).toEqual([{ name: "origin", configuredUrl: "gh:o/r", url: "git@github.com:o/r" }]);
});

test("opens a linked worktree, with the objects of the repository it belongs to", async () => {
  await createRepository(join(root, "lab"), { "a.yaml": "a: 1\n" });
  await git(join(root, "lab"), "worktree", "add", "--quiet", join(root, "linked"));
  const checkout = await openCheckout(join(root, "linked"));
  expect(checkout.top).toBe(join(root, "linked"));
  expect(checkout.gitDir).toBe(join(root, "lab/.git/worktrees/linked"));
  expect(checkout.commonDir).toBe(join(root, "lab/.git"));
  expect(checkout.objects).toBe(join(root, "lab/.git/objects"));
});

test("opens a submodule as the repository that it is", async () => {
  await createRepository(join(root, "inner"), { "a.yaml": "a: 1\n" });
  await createRepository(join(root, "lab"), { "a.yaml": "a: 1\n" });
  await git(join(root, "lab"), "submodule", "--quiet", "add", join(root, "inner"), "inner");
  const checkout = await openCheckout(join(root, "lab/inner"));
  expect(checkout.top).toBe(join(root, "lab/inner"));
  expect(checkout.objects).toBe(join(root, "lab/.git/modules/inner/objects"));
});

test("is not misled by the repository of a hook that calls it", async () => {
  await createRepository(join(root, "lab"), { "a.yaml": "a: 1\n" });
  await createRepository(join(root, "other"), { "b.yaml": "b: 1\n" });
  vi.stubEnv("GIT_DIR", join(root, "other/.git"));
  vi.stubEnv("GIT_INDEX_FILE", join(root, "other/.git/index"));
  expect((await openCheckout(join(root, "lab"))).top).toBe(join(root, "lab"));
});

describe("throws UsageError", () => {
  test("where there is no repository", async () => {
    await expect(openCheckout(root)).rejects.toThrow(/is not inside a Git repository/);
    await expect(openCheckout(root)).rejects.toBeInstanceOf(UsageError);
  });

  test("where there is no folder", async () => {
    await expect(openCheckout(join(root, "nowhere"))).rejects.toThrow(/nowhere is not a folder/);
  });

  test("in a bare repository", async () => {
    await mkdir(join(root, "bare"));
    await git(join(root, "bare"), "init", "--quiet", "--bare");
    await expect(openCheckout(join(root, "bare"))).rejects.toThrow(/repository without files/);
  });

  test("for an unknown revision, by its name", async () => {
    await createRepository(join(root, "lab"), { "a.yaml": "a: 1\n" });
    const checkout = await openCheckout(join(root, "lab"));
    const failure = resolveRevision(checkout, "no-such-branch");
    await expect(failure).rejects.toThrow(/no revision "no-such-branch"/);
    await expect(failure).rejects.toBeInstanceOf(UsageError);
    await expect(resolveRevision(checkout, "--all")).rejects.toThrow(/no revision "--all"/);
  });

  test("for a revision that a shallow checkout lacks, with the way out", async () => {
    const first = await createRepository(join(root, "upstream"), { "a.yaml": "a: 1\n" });
    await commit(join(root, "upstream"), { "a.yaml": "a: 2\n" });
    await git(root, "clone", "--quiet", "--depth", "1", `file://${join(root, "upstream")}`, "lab");
    const checkout = await openCheckout(join(root, "lab"));
    expect(checkout.shallow).toBe(true);
    await expect(resolveRevision(checkout, first)).rejects.toMatchObject({
      message: expect.stringContaining("the checkout is shallow"),
      fix: expect.stringContaining("fetch-depth: 0"),
    });
  });
});

test("resolves branches, tags, and relative revisions to commits", async () => {
  const lab = join(root, "lab");
  const first = await createRepository(lab, { "a.yaml": "a: 1\n" });
  const second = await commit(lab, { "a.yaml": "a: 2\n" });
  await git(lab, "tag", "-a", "v1", "-m", "v1", first);
  const checkout = await openCheckout(lab);
  expect(await findCommit(checkout, "main")).toBe(second);
  expect(await findCommit(checkout, "HEAD~1")).toBe(first);
  expect(await findCommit(checkout, "v1")).toBe(first);
  expect(await findCommit(checkout, first.slice(0, 8))).toBe(first);
});
