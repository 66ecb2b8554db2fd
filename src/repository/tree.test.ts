import { describe, expect, test } from "vitest";
import { inside } from "./tree.ts";
import { committed } from "./tree-fixture.ts";

async function textsOf(pairs: AsyncIterable<readonly [string, string]>): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const [path, text] of pairs) texts[path] = text;
  return texts;
}

describe("a tree", () => {
  test("lists files and folders of the commit, with names that need quoting", async () => {
    await using repository = await committed({ 'a/b/ü "x".yaml': "1", "a/c.yaml": "2", "d.yaml": "3" });
    const { tree } = repository;
    expect(tree.files.map(({ path }) => path)).toEqual(['a/b/ü "x".yaml', "a/c.yaml", "d.yaml"]);
    expect(tree.below("a").map(({ path }) => path)).toEqual(['a/b/ü "x".yaml', "a/c.yaml"]);
    expect(tree.below("")).toHaveLength(3);
    expect(tree.hasFolder("a/b")).toBe(true);
    expect(tree.hasFolder("")).toBe(true);
    expect(tree.hasFile("a/b")).toBe(false);
    expect(tree.below("nowhere")).toEqual([]);
  });

  test("reads texts whatever their length, last byte and characters", async () => {
    const files = {
      "empty.yaml": "",
      "no-newline.yaml": "a: 1",
      "umlaut.yaml": "ä: ö\n",
      "looks-like-git.yaml": "deadbeef blob 3\nabc\n\n",
      "large.yaml": "x".repeat(200_000),
    };
    await using repository = await committed(files);
    expect(await textsOf(repository.tree.readAll(Object.keys(files)))).toEqual(files);
    expect(await repository.tree.read("umlaut.yaml")).toBe("ä: ö\n");
    expect(await repository.tree.read("absent.yaml")).toBeUndefined();
  });

  test("reads files of equal content, and leaves out what is too large or absent", async () => {
    await using repository = await committed({
      "a.yaml": "same",
      "b.yaml": "same",
      "c.yaml": "longer than the others",
    });
    const paths = ["a.yaml", "b.yaml", "c.yaml", "d.yaml"];
    expect(await textsOf(repository.tree.readAll(paths, { maxBytes: 10 }))).toEqual({
      "a.yaml": "same",
      "b.yaml": "same",
    });
  });

  test("survives bytes that are no UTF-8: what follows them is whole", async () => {
    const latin1 = new Uint8Array([0x67, 0xfc, 0x6e, 0xff, 0x0a, 0x00, 0x0a]);
    await using repository = await committed({ "a.bin": latin1, "b.yaml": "fine\n" });
    expect(await textsOf(repository.tree.readAll(["a.bin", "b.yaml"]))).toEqual({
      "a.bin": "g\uFFFDn\uFFFD\n\0\n",
      "b.yaml": "fine\n",
    });
  });

  test("follows links within the tree, and none that lead out of it", async () => {
    await using repository = await committed({
      "real/values.yaml": "here",
      "app/values.yaml": { link: "../real/values.yaml" },
      linked: { link: "real" },
      outside: { link: "../../etc/passwd" },
      absolute: { link: "/etc/passwd" },
      loop: { link: "pool" },
      pool: { link: "loop" },
    });
    const { tree } = repository;
    expect(await tree.read("app/values.yaml")).toBe("here");
    expect(await tree.read("linked/values.yaml")).toBe("here");
    expect(tree.resolve("linked")).toBe("real");
    expect(tree.hasFolder("linked")).toBe(true);
    for (const path of ["outside", "absolute", "loop"]) {
      expect(tree.resolve(path), path).toBeUndefined();
      expect(await tree.read(path), path).toBeUndefined();
    }
  });

  test("is of the commit, not of the disk", async () => {
    await using repository = await committed({ "a.yaml": "committed" });
    expect(repository.tree.hasFile(".git/config")).toBe(false);
  });
});

describe("inside", () => {
  test.each([
    ["a/../b", "b"],
    ["./", ""],
    ["", ""],
    ["a/b/", "a/b"],
    ["..", undefined],
    ["a/../../b", undefined],
    ["/etc", undefined],
  ])("%s is %s", (path, clean) => {
    expect(inside(path)).toBe(clean);
  });
});
