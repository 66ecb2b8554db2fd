import { access } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { commit, createRepository, fingerprint, git, writeFiles } from "../repository/git-fixture.ts";
import { UsageError } from "../runner/errors.ts";
import { show, usePlace } from "./world-fixture.ts";

const place = usePlace();

describe("--worktree", () => {
  test("rehearses what lies in the checkout, and leaves the repository as it was", async () => {
    await place.cloneWithChange();
    await commit(place.checkout, {
      ".gitignore": "ignored/\n",
      "gone.yaml": "g: 1\n",
      "run.sh": { content: "#!/bin/sh\n", executable: true },
      link: { link: "a.yaml" },
    });
    await writeFiles(place.checkout, {
      "a.yaml": "a: 9\n",
      "gone.yaml": null,
      "new/file.yaml": "n: 1\n",
      "ignored/x.yaml": "x: 1\n",
      link: { link: "b.yaml" },
    });
    await writeFiles(place.checkout, { "staged.yaml": "s: 1\n" });
    await git(place.checkout, "add", "staged.yaml");
    const head = await git(place.checkout, "rev-parse", "HEAD");
    const before = await fingerprint(place.checkout);
    const world = await place.prepare({ worktree: true });
    expect(await fingerprint(place.checkout)).toBe(before);

    expect(await git(world.gitDir, "rev-parse", `${world.head}^`)).toBe(head);
    expect(
      (await git(world.gitDir, "ls-tree", "-r", "--format=%(objectmode) %(path)", world.merge)).split("\n"),
    ).toEqual([
      "100644 .gitignore",
      "100644 a.yaml",
      "100644 b.yaml",
      "120000 link",
      "100644 new/file.yaml",
      "100755 run.sh",
      "100644 staged.yaml",
    ]);
    expect(await show(world, "a.yaml")).toBe("a: 9");
    expect(await show(world, "link")).toBe("b.yaml");
  });

  test("sees a change of the same size in the same instant as the last commit", async () => {
    await createRepository(place.checkout, { "a.yaml": "a: 1\n" });
    await writeFiles(place.checkout, { "a.yaml": "a: 2\n" });
    const world = await place.prepare({ worktree: true });
    expect(await show(world, "a.yaml")).toBe("a: 2");
  });

  test("is the commit itself where nothing has changed", async () => {
    const { head } = await place.cloneWithChange();
    const world = await place.prepare({ worktree: true });
    expect(world.head).toBe(head);
    expect(world.notes).toContain("The checkout has no uncommitted changes.");
  });

  test("works in a linked worktree", async () => {
    await place.cloneWithChange();
    const linked = join(place.root, "linked");
    await git(place.checkout, "worktree", "add", "--quiet", linked, "-b", "linked");
    await writeFiles(linked, { "new.yaml": "n: 1\n" });
    const before = await fingerprint(join(place.checkout, ".git"));
    const world = await place.prepare({ worktree: true }, linked);
    expect(await show(world, "new.yaml")).toBe("n: 1");
    expect(await fingerprint(join(place.checkout, ".git"))).toBe(before);
  });

  test("keeps submodules, and leaves out clones that are none", async () => {
    await createRepository(join(place.root, "module"), { "m.yaml": "m: 1\n" });
    await place.cloneWithChange();
    await git(place.checkout, "submodule", "--quiet", "add", join(place.root, "module"), "module");
    await commit(place.checkout, {});
    await createRepository(join(place.checkout, "clone"), { "c.yaml": "c: 1\n" });
    await writeFiles(place.checkout, { "new.yaml": "n: 1\n" });
    const before = await fingerprint(place.checkout);
    const world = await place.prepare({ worktree: true });
    expect(await fingerprint(place.checkout)).toBe(before);
    const entries = await git(world.gitDir, "ls-tree", "--format=%(objecttype) %(path)", world.merge);
    expect(entries).toContain("commit module");
    expect(entries).toContain("blob new.yaml");
    expect(entries).not.toContain("clone");
    expect(world.notes.join("\n")).toContain("clone");
  });

  test("refuses an unfinished merge, and --head beside it", async () => {
    await place.cloneWithChange();
    await git(place.checkout, "switch", "--quiet", "-c", "conflicting", "origin/main");
    await commit(place.checkout, { "a.yaml": "a: 3\n" });
    await git(place.checkout, "merge", "--quiet", "change").catch(() => undefined);
    await expect(place.prepare({ worktree: true })).rejects.toThrow(
      /a merge is unfinished in the checkout: a.yaml/,
    );
    await expect(place.prepare({ worktree: true, head: "change" })).rejects.toBeInstanceOf(UsageError);
  });

  test("does not run the user's hooks, nor split the index", async () => {
    await place.cloneWithChange();
    const hook = { content: `#!/bin/sh\ntouch ${join(place.root, "hook-ran")}\n`, executable: true } as const;
    await writeFiles(join(place.checkout, ".git/hooks"), { "post-index-change": hook, "pre-commit": hook });
    await git(place.checkout, "config", "core.splitIndex", "true");
    await writeFiles(place.checkout, { "a.yaml": "a: 5\n" });
    const before = await fingerprint(place.checkout);
    const world = await place.prepare({ worktree: true });
    expect(await show(world, "a.yaml")).toBe("a: 5");
    expect(await fingerprint(place.checkout)).toBe(before);
    await expect(access(join(place.root, "hook-ran"))).rejects.toThrow();
  });
});
