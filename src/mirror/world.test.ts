import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { openCheckout } from "../repository/checkout.ts";
import { commit, createRepository, git } from "../repository/git-fixture.ts";
import { ChangeError, UsageError } from "../runner/errors.ts";
import { show, url, usePlace } from "./world-fixture.ts";

const place = usePlace();

describe("the merge", () => {
  test("has both sides, as a commit of base and head", async () => {
    const { head } = await place.cloneWithChange();
    const base = await commit(place.upstream, { "b.yaml": "b: 2\n" });
    const world = await place.prepare();
    expect(world).toMatchObject({ base, head, baseBranch: "main", baseIsDefault: true, rewritten: [] });
    expect(await show(world, "a.yaml")).toBe("a: 2");
    expect(await show(world, "b.yaml")).toBe("b: 2");
    expect(await git(world.gitDir, "show", "-s", "--format=%P", world.merge)).toBe(`${base} ${head}`);
  });

  test("is what the base branch and HEAD are; everything else is as upstream", async () => {
    const { first, head } = await place.cloneWithChange();
    const world = await place.prepare();
    const at = (ref: string) => git(world.gitDir, "rev-parse", ref);
    expect(await at("refs/heads/main")).toBe(world.merge);
    expect(await at("HEAD")).toBe(world.merge);
    expect(await at("refs/heads/other")).toBe(first);
    expect(await at("refs/tags/v1^{commit}")).toBe(first);
    expect(await git(world.gitDir, "cat-file", "-t", "refs/tags/v1")).toBe("tag");
    expect(await at("refs/rehearsal/head")).toBe(head);
    expect(await at("refs/rehearsal/merge")).toBe(world.merge);
    await expect(at("refs/heads/change")).rejects.toThrow();
  });

  test("into another branch leaves HEAD and the default branch alone", async () => {
    const { first } = await place.cloneWithChange();
    const world = await place.prepare({ base: "other" });
    expect(world).toMatchObject({ baseBranch: "other", baseIsDefault: false, base: first });
    expect(await git(world.gitDir, "rev-parse", "refs/heads/other")).toBe(world.merge);
    expect(await git(world.gitDir, "rev-parse", "HEAD")).toBe(first);
    expect(await git(world.gitDir, "symbolic-ref", "HEAD")).toBe("refs/heads/main");
  });

  test("is a commit of its own every time, also where there is nothing to merge", async () => {
    const { first } = await place.cloneWithChange();
    const one = await place.prepare({ head: first });
    const two = await place.prepare({ head: first });
    expect(one.merge).not.toBe(two.merge);
    expect([first]).not.toContain(one.merge);
    expect(await git(one.gitDir, "show", "-s", "--format=%P", one.merge)).toBe(first);
    expect(one.notes).toContain("The merge changes no file of main.");
  });

  test("that conflicts names the files", async () => {
    await place.cloneWithChange();
    await commit(place.upstream, { "a.yaml": "a: 3\n" });
    const failure = place.prepare();
    await expect(failure).rejects.toBeInstanceOf(ChangeError);
    await expect(failure).rejects.toMatchObject({
      message: "the change conflicts with main in a.yaml",
      where: { file: "a.yaml" },
    });
  });

  test("of histories without a common commit is refused", async () => {
    await place.cloneWithChange();
    await git(place.checkout, "checkout", "--quiet", "--orphan", "alone");
    await commit(place.checkout, { "c.yaml": "c: 1\n" });
    await expect(place.prepare()).rejects.toThrow(/no history in common with main/);
  });

  test("does not depend on the user's merge configuration", async () => {
    const { first } = await place.cloneWithChange();
    await git(place.upstream, "mv", "a.yaml", "moved.yaml");
    await git(place.upstream, "commit", "--quiet", "-m", "Move");
    vi.stubEnv("GIT_CONFIG_COUNT", "4");
    vi.stubEnv("GIT_CONFIG_KEY_3", "merge.renames");
    vi.stubEnv("GIT_CONFIG_VALUE_3", "false");
    const world = await place.prepare();
    expect(world.base).not.toBe(first);
    expect(await show(world, "moved.yaml")).toBe("a: 2");
  });
});

test("gives the repository's https URLs, each once, whatever the spelling", async () => {
  await place.cloneWithChange();
  const urls = ["git@github.com:o/r.git", `${url}.git`, "https://token@mirror.example/o/r/", "/srv/r.git"];
  expect((await place.prepare({ urls })).urls).toEqual([url, "https://mirror.example/o/r"]);
});

describe("refs", () => {
  test("a fork's branch that is called like one of upstream's keeps what upstream has", async () => {
    await createRepository(place.upstream, { "a.yaml": "a: 1\n" });
    await git(place.upstream, "branch", "production");
    await git(place.root, "clone", "--quiet", `file://${place.upstream}`, place.checkout);
    await git(place.checkout, "switch", "--quiet", "-c", "production", "--no-track", "origin/production");
    const head = await commit(place.checkout, { "a.yaml": "a: evil\n" });
    const world = await place.prepare();
    expect(world.head).toBe(head);
    expect(await show(world, "a.yaml", "refs/heads/production")).toBe("a: 1");
    expect(await show(world, "a.yaml", "refs/heads/main")).toBe("a: evil");
  });

  test("a pull request's number gives its refs their name", async () => {
    const { head } = await place.cloneWithChange();
    const world = await place.prepare({ pullRequest: 7 });
    expect(await git(world.gitDir, "rev-parse", "refs/pull/7/head")).toBe(head);
    expect(await git(world.gitDir, "rev-parse", "refs/pull/7/merge")).toBe(world.merge);
  });

  test("refs of pull requests that the checkout has are kept", async () => {
    const { first } = await place.cloneWithChange();
    await git(place.checkout, "update-ref", "refs/remotes/pull/3/merge", first);
    await git(place.checkout, "update-ref", "refs/pull/4/head", first);
    const world = await place.prepare();
    expect(await git(world.gitDir, "rev-parse", "refs/pull/3/merge", "refs/pull/4/head")).toBe(
      `${first}\n${first}`,
    );
  });

  test("tags that upstream does not have are not invented", async () => {
    await place.cloneWithChange();
    await git(place.checkout, "tag", "v9");
    const world = await place.prepare();
    expect(await git(world.gitDir, "tag")).toBe("v1");
  });

  test("the default branch is the remote's own, whatever the checkout thinks", async () => {
    await place.cloneWithChange();
    await git(place.upstream, "switch", "--quiet", "-c", "trunk");
    const world = await place.prepare();
    expect(world).toMatchObject({ baseBranch: "trunk", baseIsDefault: true });
  });

  test("where origin is a fork, those of the remote that the manifests name count", async () => {
    await place.cloneWithChange();
    const newer = await commit(place.upstream, { "b.yaml": "b: 2\n" });
    await git(place.root, "clone", "--quiet", "--bare", place.checkout, "fork.git");
    await git(place.checkout, "remote", "set-url", "origin", `file://${join(place.root, "fork.git")}`);
    await git(place.checkout, "remote", "add", "real", url);
    await git(
      place.checkout,
      "config",
      `url.file://${place.upstream}.insteadOf`,
      "https://elsewhere.example/",
    );
    await git(place.checkout, "remote", "set-url", "real", "https://elsewhere.example/");
    const resolved = (await openCheckout(place.checkout)).remotes.find(({ name }) => name === "real");
    expect(resolved?.url).toBe(`file://${place.upstream}`);
    const checkout = await openCheckout(place.checkout);
    const remotes = checkout.remotes.map((remote) => (remote.name === "real" ? { ...remote, url } : remote));
    const world = await place.prepare({ checkout: { ...checkout, remotes } });
    expect(world.base).toBe(newer);
  });
});

describe("revisions", () => {
  test.each(["main", "origin/main", "refs/heads/main", "refs/remotes/origin/main"])(
    "--base %s is the branch as upstream has it now",
    async (base) => {
      await place.cloneWithChange();
      const newer = await commit(place.upstream, { "b.yaml": "b: 2\n" });
      expect(await place.prepare({ base })).toMatchObject({
        base: newer,
        baseBranch: "main",
        baseIsDefault: true,
      });
    },
  );

  test("--base of a commit stands for the default branch, or for the branch that is named", async () => {
    const { first } = await place.cloneWithChange();
    await commit(place.upstream, { "b.yaml": "b: 2\n" });
    expect(await place.prepare({ base: first })).toMatchObject({ base: first, baseBranch: "main" });
    expect(await place.prepare({ base: "v1", baseBranch: "other" })).toMatchObject({
      base: first,
      baseBranch: "other",
    });
  });

  test("--base of a branch that only the checkout has", async () => {
    const { head } = await place.cloneWithChange();
    await git(place.checkout, "branch", "local", head);
    expect(await place.prepare({ base: "local" })).toMatchObject({
      base: head,
      baseBranch: "local",
      baseIsDefault: false,
    });
  });

  test("--head of a branch that only upstream has", async () => {
    await place.cloneWithChange();
    await git(place.upstream, "switch", "--quiet", "-c", "theirs");
    const theirs = await commit(place.upstream, { "c.yaml": "c: 1\n" });
    await git(place.upstream, "switch", "--quiet", "main");
    expect((await place.prepare({ head: "theirs" })).head).toBe(theirs);
    expect((await place.prepare({ head: "origin/theirs" })).head).toBe(theirs);
  });

  test("--head of a commit that no branch leads to is fetched", async () => {
    await place.cloneWithChange();
    await git(place.upstream, "switch", "--quiet", "--detach");
    const loose = await commit(place.upstream, { "c.yaml": "c: 1\n" });
    await git(place.upstream, "update-ref", "refs/pull/5/head", loose);
    await git(place.upstream, "switch", "--quiet", "main");
    await git(place.upstream, "config", "uploadpack.allowReachableSHA1InWant", "true");
    const world = await place.prepare({ head: loose });
    expect(world.head).toBe(loose);
    expect(await show(world, "c.yaml")).toBe("c: 1");
  });

  test.each([{ base: "nowhere" }, { head: "nowhere" }, { head: "0".repeat(40) }])(
    "%o is unknown",
    async (request) => {
      await place.cloneWithChange();
      const failure = place.prepare(request);
      await expect(failure).rejects.toBeInstanceOf(UsageError);
      await expect(failure).rejects.toThrow(/there is no revision "(nowhere|0+)"/);
    },
  );

  test("a checkout without commits is a usage error", async () => {
    await mkdir(place.checkout);
    await git(place.checkout, "init", "--quiet");
    await expect(place.prepare()).rejects.toBeInstanceOf(UsageError);
  });
});
