import { expect, test } from "vitest";
import { memoryTree } from "../repository/memory-tree-fixture.ts";
import { ChangeError, UsageError } from "../runner/errors.ts";
import { compareLocks, formatLock, type Lock, type LockEntry, lockedDigest, parseLock } from "./lock.ts";
import { jointLock, readLock } from "./lock-file.ts";

const one = `sha256:${"1".repeat(64)}` as const;
const two = `sha256:${"2".repeat(64)}` as const;
const commit = "a".repeat(40);

function chart(name: string, digest: typeof one | typeof two = one): LockEntry {
  return { kind: "helm", source: "https://charts.example", name, version: "1.2.3", digest };
}

const entries: LockEntry[] = [
  { kind: "oci", source: "oci://oci.example/charts", name: "app", version: "1.2.3", digest: two },
  { kind: "git", source: "https://git.example/o/r", version: "v1", commit },
  chart("b"),
  { kind: "file", source: "https://raw.example/crds.yaml", digest: one },
  chart("a"),
];

test("is written sorted, and read as it was written", () => {
  const text = formatLock({ entries });
  const read = parseLock(text, "rehearsal.lock.yaml");
  expect(read.entries.map(({ kind, source }) => [kind, source])).toEqual([
    ["file", "https://raw.example/crds.yaml"],
    ["git", "https://git.example/o/r"],
    ["helm", "https://charts.example"],
    ["helm", "https://charts.example"],
    ["oci", "oci://oci.example/charts"],
  ]);
  expect(formatLock({ entries: [...entries].reverse() })).toBe(text);
  expect(new Set(read.entries)).toEqual(new Set(entries));
});

test.each([
  ["sources: []", /lock/],
  ["lock: 2\nsources: []", /lock/],
  [
    "lock: 1\nsources: [{ kind: helm, source: x, name: a, version: 1.0.0, digest: sha1:0 }]",
    /digest.*sha256/,
  ],
  [`lock: 1\nsources: [{ kind: helm, source: x, name: a, digest: ${one} }]`, /version/],
  [`lock: 1\nsources: [{ kind: git, source: x, version: v1, commit: main }]`, /full commit/],
  ["lock: [", /not a valid lock/],
  [formatLock({ entries: [chart("a"), chart("a", two)] }), /stands in it twice/],
])("%j is refused", (text, message) => {
  expect(() => parseLock(text, "rehearsal.lock.yaml")).toThrow(UsageError);
  expect(() => parseLock(text, "rehearsal.lock.yaml")).toThrow(message);
});

test("is asked by any spelling of a repository", () => {
  const lock: Lock = { entries: [chart("a")] };
  const wanted = { kind: "helm", source: "https://me@charts.example/", name: "a", version: "1.2.3" } as const;
  expect(lockedDigest(lock, wanted)).toBe(one);
  expect(lockedDigest(lock, { ...wanted, version: "1.2.4" })).toBeUndefined();
});

test("two differ where a version has another digest, and not where a branch has moved", () => {
  const moved: LockEntry = { kind: "git", source: "https://git.example/o/r", version: "main", commit };
  const before: Lock = { entries: [chart("a"), chart("gone"), moved] };
  const after: Lock = { entries: [chart("a", two), chart("new"), { ...moved, commit: "b".repeat(40) }] };
  expect(compareLocks(before, after)).toEqual([
    { what: "a 1.2.3 of https://charts.example", before: one, after: two },
  ]);
});

test("a change that gives a version another digest is refused, and both are named", () => {
  const base = { entries: [chart("a")] };
  const change = { entries: [chart("a", two)], file: "rehearsal.lock.yaml" };
  expect(() => jointLock(base, change)).toThrow(ChangeError);
  expect(() => jointLock(base, change)).toThrow(`the base's lock has ${one}, the change's has ${two}`);
});

test("a change that drops an entry is still held against that of the base", () => {
  const joint = jointLock({ entries: [chart("a")] }, { entries: [chart("b")], file: "rehearsal.lock.yaml" });
  expect(joint.entries.map((entry) => "name" in entry && entry.name)).toEqual(["b", "a"]);
});

test("stands in the folder that is rehearsed, else at the top", async () => {
  const top = formatLock({ entries: [chart("top")] });
  const own = formatLock({ entries: [chart("own")] });
  const names = async (files: Record<string, string>) =>
    (await readLock(memoryTree(files), "clusters/home")).entries.map(
      (entry) => "name" in entry && entry.name,
    );
  expect(await names({ "rehearsal.lock.yaml": top, "clusters/home/rehearsal.lock.yaml": own })).toEqual([
    "own",
  ]);
  expect(await names({ "rehearsal.lock.yaml": top })).toEqual(["top"]);
  expect(await names({})).toEqual([]);
});
