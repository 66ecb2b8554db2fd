import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCheckout } from "../repository/checkout.ts";
import { commit, createRepository, fingerprint, git } from "../repository/git-fixture.ts";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { show, url, usePlace } from "./world-fixture.ts";

const place = usePlace();

describe("a checkout of CI", () => {
  /** As actions/checkout leaves a pull request's: one commit, one ref, detached. */
  async function shallowMergeRef(): Promise<{ base: string; head: string }> {
    await createRepository(place.upstream, { "a.yaml": "a: 1\n" });
    await git(place.upstream, "tag", "v1");
    const base = await commit(place.upstream, { "b.yaml": "b: 1\n" });
    await git(place.upstream, "switch", "--quiet", "--detach", "v1");
    const head = await commit(place.upstream, { "c.yaml": "c: 1\n" });
    await git(place.upstream, "merge", "--quiet", "--no-ff", "-m", "Merge", base);
    const merge = await git(place.upstream, "rev-parse", "HEAD");
    await git(place.upstream, "update-ref", "refs/pull/5/head", head);
    await git(place.upstream, "update-ref", "refs/pull/5/merge", merge);
    await git(place.upstream, "switch", "--quiet", "main");
    await mkdir(place.checkout);
    await git(place.checkout, "init", "--quiet");
    await git(place.checkout, "remote", "add", "origin", `file://${place.upstream}`);
    const refspec = "+refs/pull/5/merge:refs/remotes/pull/5/merge";
    await git(place.checkout, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", refspec);
    await git(place.checkout, "checkout", "--quiet", "refs/remotes/pull/5/merge");
    return { base, head };
  }

  test("is completed in our own repository", async () => {
    const { base, head } = await shallowMergeRef();
    const before = await fingerprint(join(place.checkout, ".git"));
    const world = await place.prepare();
    expect(world).toMatchObject({ base, baseBranch: "main", baseIsDefault: true });
    expect(await show(world, "b.yaml")).toBe("b: 1");
    expect(await show(world, "c.yaml")).toBe("c: 1");
    expect(await git(world.gitDir, "rev-parse", "refs/tags/v1")).toBe(
      await git(place.upstream, "rev-parse", "v1"),
    );
    expect(await git(world.gitDir, "rev-list", "--count", world.merge)).toBe("5");
    expect(await git(world.gitDir, "rev-parse", "--is-shallow-repository")).toBe("false");
    expect((await place.prepare({ head })).head).toBe(head);
    expect((await place.prepare({ head: "HEAD~1" })).head).toBe(
      await git(place.upstream, "rev-parse", "refs/pull/5/merge~1"),
    );
    expect(await fingerprint(join(place.checkout, ".git"))).toBe(before);
  });

  test("that cannot be completed is an infrastructure error with the fix", async () => {
    await shallowMergeRef();
    await git(
      place.checkout,
      "remote",
      "set-url",
      "origin",
      `file://user:secret@${join(place.root, "gone")}`,
    );
    const failure = place.prepare();
    await expect(failure).rejects.toBeInstanceOf(InfrastructureError);
    await expect(failure).rejects.toMatchObject({ fix: expect.stringContaining("fetch-depth: 0") });
    await expect(failure).rejects.not.toThrow(/secret/);
  });

  test("and may not fetch is a usage error", async () => {
    await shallowMergeRef();
    await expect(place.prepare({ fetch: false })).rejects.toBeInstanceOf(UsageError);
  });

  test("with a partial clone gets the missing files", async () => {
    await createRepository(place.upstream, { "a.yaml": "a: 1\n" });
    await commit(place.upstream, { "a.yaml": "a: 2\n", "old.yaml": "o: 1\n" });
    await commit(place.upstream, { "old.yaml": null });
    await git(place.upstream, "config", "uploadpack.allowFilter", "true");
    await git(
      place.root,
      "clone",
      "--quiet",
      "--filter=blob:none",
      `file://${place.upstream}`,
      place.checkout,
    );
    const checkout = await openCheckout(place.checkout);
    expect(checkout.partial).toBe(true);
    const world = await place.prepare();
    expect(await show(world, "a.yaml", `${world.merge}~3`)).toBe("a: 1");
    await git(world.gitDir, "fsck", "--connectivity-only");
  });
});

describe("without the network", () => {
  test("branches and tags are as the checkout last saw them, and the notes say so", async () => {
    const { first, head } = await place.cloneWithChange();
    await git(place.checkout, "tag", "local");
    await git(place.checkout, "remote", "set-url", "origin", join(place.root, "gone"));
    const world = await place.prepare();
    expect(world).toMatchObject({ base: first, head, baseBranch: "main" });
    expect(world.notes.join("\n")).toMatch(/as the checkout last saw them: origin cannot be fetched/);
    expect(await git(world.gitDir, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags")).toBe(
      ["refs/heads/main", "refs/heads/other", "refs/tags/local", "refs/tags/v1"].join("\n"),
    );
  });

  test("fetch: false says nothing, because it was asked for", async () => {
    const { first } = await place.cloneWithChange();
    await commit(place.upstream, { "b.yaml": "b: 2\n" });
    const world = await place.prepare({ fetch: false });
    expect(world).toMatchObject({ base: first, notes: [] });
  });

  test("a repository with no remote has its own branches", async () => {
    const first = await createRepository(place.checkout, { "a.yaml": "a: 1\n" });
    await git(place.checkout, "switch", "--quiet", "-c", "change");
    const head = await commit(place.checkout, { "a.yaml": "a: 2\n" });
    const world = await place.prepare();
    expect(world).toMatchObject({ base: first, head, baseBranch: "main", baseIsDefault: true });
    expect(await git(world.gitDir, "rev-parse", "refs/heads/change")).toBe(head);
  });

  test("credentials of the checkout's configuration reach the fetch", async () => {
    await place.cloneWithChange();
    // Only with this setting of the checkout, which may be a CI's way to its credentials, is the URL valid.
    await git(place.checkout, "config", `url.file://${place.root}/.insteadOf`, "secret://");
    await git(place.checkout, "remote", "set-url", "origin", "secret://upstream");
    const newer = await commit(place.upstream, { "b.yaml": "b: 2\n" });
    expect((await place.prepare()).base).toBe(newer);
  });
});

describe("ssh URLs", () => {
  test("of this repository become https in the merge, and nowhere else", async () => {
    await createRepository(place.upstream, {
      "root.yaml": "repoURL: git@github.com:o/r.git\n",
      "apps/a.yml": "repoURL: ssh://git@github.com/o/r\n",
      "other.yaml": "repoURL: git@github.com:o/other.git\n",
      "README.md": "git clone git@github.com:o/r.git\n",
      "run.json": { content: '{"url":"git@github.com:o/r.git"}\n', executable: true },
    });
    await git(place.upstream, "branch", "other");
    await git(place.root, "clone", "--quiet", `file://${place.upstream}`, place.checkout);
    const world = await place.prepare();
    expect(world.rewritten).toEqual(["apps/a.yml", "root.yaml", "run.json"]);
    expect(world.notes.join("\n")).toContain("root.yaml");
    expect(await show(world, "root.yaml")).toBe(`repoURL: ${url}.git`);
    expect(await show(world, "apps/a.yml")).toBe(`repoURL: ${url}`);
    expect(await show(world, "other.yaml")).toBe("repoURL: git@github.com:o/other.git");
    expect(await show(world, "README.md")).toBe("git clone git@github.com:o/r.git");
    expect(await show(world, "root.yaml", "refs/heads/other")).toContain("git@github.com");
    expect(await git(world.gitDir, "ls-tree", "--format=%(objectmode)", world.merge, "run.json")).toBe(
      "100755",
    );
  });
});

test("says where files of Git LFS come from", async () => {
  await createRepository(place.checkout, { ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n" });
  await git(place.checkout, "config", "filter.lfs.clean", "cat");
  expect((await place.prepare()).notes.join("\n")).toContain("Git LFS");
});

test("works with a repository that borrows objects itself", async () => {
  await place.cloneWithChange();
  await git(place.root, "clone", "--quiet", "--shared", place.checkout, "borrower");
  const head = await commit(join(place.root, "borrower"), { "d.yaml": "d: 1\n" });
  const world = await place.prepare({ fetch: false }, join(place.root, "borrower"));
  expect(world.head).toBe(head);
  expect(await show(world, "a.yaml")).toBe("a: 2");
});
