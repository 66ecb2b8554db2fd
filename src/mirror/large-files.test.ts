import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { askThrough } from "./mirror-fixture.ts";
import { useOutside } from "./outside-fixture.ts";
import { url } from "./world-fixture.ts";

const outside = useOutside();

describe("Git LFS", () => {
  const oid = "ab".repeat(32);
  const batch = (oids: string[]) =>
    JSON.stringify({
      operation: "download",
      transfers: ["basic"],
      objects: oids.map((each) => ({ oid: each, size: 5 })),
    });

  beforeAll(async () => {
    const path = join(outside.place.checkout, ".git/lfs/objects", oid.slice(0, 2), oid.slice(2, 4), oid);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "bytes");
  });

  test("files come from the checkout", async () => {
    const mirror = await outside.open();
    const answer = await askThrough(mirror, `${url}.git/info/lfs/objects/batch`, {
      method: "POST",
      body: batch([oid]),
    });
    const href = `${url}.git/info/lfs/objects/${oid}`;
    expect(JSON.parse(answer.text)).toEqual({
      transfer: "basic",
      objects: [{ oid, size: 5, authenticated: true, actions: { download: { href } } }],
    });
    expect(await askThrough(mirror, href)).toMatchObject({ status: 200, text: "bytes" });
    expect(outside.host.requests).toEqual([]);
  });

  test("the host is asked where the checkout lacks any", async () => {
    const body = batch([oid, "cd".repeat(32)]);
    const mirror = await outside.open();
    const answer = await askThrough(mirror, `${url}.git/info/lfs/objects/batch`, { method: "POST", body });
    expect(answer).toMatchObject({ status: 200, text: body });
    expect(outside.host.requests).toMatchObject([
      { method: "POST", path: "/o/r.git/info/lfs/objects/batch" },
    ]);
  });

  test("uploads and locks are refused", async () => {
    const mirror = await outside.open();
    expect(await askThrough(mirror, `${url}.git/info/lfs/locks`)).toMatchObject({ status: 403 });
  });
});
