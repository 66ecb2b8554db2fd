import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InfrastructureError } from "../runner/errors.ts";
import { digestOf } from "./digest.ts";
import { type ChartVersion, chartVersions, ociTags } from "./entry-kinds.ts";
import { openStore } from "./store.ts";
import { temporaryStore } from "./upstream-fixture.ts";

const repository = "https://charts.example/stable";

function chart(version: string): ChartVersion {
  const digest = digestOf(Buffer.from(version));
  return {
    repository,
    name: "app",
    version,
    digest,
    url: `${repository}/app-${version}.tgz`,
    facts: { type: "x" },
  };
}

test("what one process keeps, another reads", async () => {
  const store = await temporaryStore();
  const bytes = Buffer.from("bytes");
  const digest = await store.keepBlob(bytes);
  await store.entries(chartVersions, repository).keep(chart("1.0.0"));
  const other = openStore(store.folder);
  expect(await other.readBlob(digest)).toEqual(bytes);
  expect(await other.entries(chartVersions, repository).list()).toEqual([chart("1.0.0")]);
  expect(await other.entries(chartVersions, repository).read("app-1.0.0")).toEqual(chart("1.0.0"));
  expect(await other.entries(chartVersions, `${repository}/x`).list()).toEqual([]);
});

test("a damaged blob is not there, and is replaced by the next that is kept", async () => {
  const store = await temporaryStore();
  const bytes = Buffer.from("bytes");
  const digest = await store.keepBlob(bytes);
  await writeFile(join(store.folder, "blobs/sha256", digest.slice(7)), "byte");
  expect(await store.readBlob(digest)).toBeUndefined();
  expect(await store.hasBlob(digest)).toBe(false);
  await store.keepBlob(bytes);
  expect(await store.readBlob(digest)).toEqual(bytes);
});

test("an entry that cannot be read is not there", async () => {
  const store = await temporaryStore();
  const entries = store.entries(chartVersions, repository);
  await entries.keep(chart("1.0.0"));
  await entries.keep(chart("2.0.0"));
  const [folder = ""] = await readdir(join(store.folder, "helm"));
  const files = await readdir(join(store.folder, "helm", folder));
  await writeFile(join(store.folder, "helm", folder, files[0] ?? ""), '{"name":');
  expect(await entries.list()).toEqual([chart("2.0.0")]);
});

test("many who keep the same at once leave one whole file, and nothing else", async () => {
  const store = await temporaryStore();
  const bytes = Buffer.alloc(3_000_000, "x");
  const many = Array.from({ length: 20 }, () => openStore(store.folder));
  await Promise.all(
    many.flatMap((one) => [one.keepBlob(bytes), one.entries(chartVersions, repository).keep(chart("1.0.0"))]),
  );
  expect(await readdir(join(store.folder, "blobs/sha256"))).toEqual([digestOf(bytes).slice(7)]);
  expect(await store.entries(chartVersions, repository).list()).toEqual([chart("1.0.0")]);
});

test.each(["../../../escape", "..", ".", "a/b", "UPPER", "v1.0.0+build", "x".repeat(300), "nul\0"])(
  "a key like %j is a file below the store, and its own",
  async (tag) => {
    const store = await temporaryStore();
    const digest = digestOf(Buffer.from(tag));
    const entries = store.entries(ociTags, "oci://../../x");
    await entries.keep({ repository: "r", tag, digest });
    await entries.keep({ repository: "r", tag: `${tag}2`, digest: digestOf(Buffer.of()) });
    expect((await entries.read(tag))?.digest).toBe(digest);
    expect(await readdir(store.folder)).toEqual(["oci-tags"]);
  },
);

test("a folder that cannot be written to is infrastructure", async () => {
  const store = await temporaryStore();
  await mkdir(store.folder);
  await writeFile(join(store.folder, "blobs"), "in the way");
  const error = await store.keepBlob(Buffer.from("x")).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InfrastructureError);
  expect(await readFile(join(store.folder, "blobs"), "utf8")).toBe("in the way");
});
