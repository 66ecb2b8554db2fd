import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silentLog } from "../../src/runner/log.ts";
import { cached, folderKey, standInCache } from "./cache.ts";

const workshop = { log: silentLog };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rehearsal-cache-"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

function part(key: string, text: string): Promise<string> {
  return cached(workshop, { name: "part", key, title: "Making a part" }, (staging) =>
    writeFile(join(staging, "text"), text),
  );
}

test("a part is made once for a key", async () => {
  const made = await part("0a", "first");
  expect(await part("0a", "second")).toBe(made);
  expect(await readFile(join(made, "text"), "utf8")).toBe("first");
});

test("another key makes it anew and removes the older version, but no other part", async () => {
  await part("0a", "first");
  await mkdir(join(standInCache(), "part-two-0a"));
  const made = await part("0b", "second");
  expect(await readFile(join(made, "text"), "utf8")).toBe("second");
  expect((await readdir(standInCache())).sort()).toEqual(["part-0b", "part-two-0a"]);
});

test("a failure leaves nothing behind", async () => {
  const broken = cached(workshop, { name: "part", key: "0a", title: "Making a part" }, async (staging) => {
    await writeFile(join(staging, "text"), "half");
    throw new Error("no space");
  });
  await expect(broken).rejects.toThrow("no space");
  expect(await readdir(standInCache())).toEqual([]);
});

test("a folder's key follows names and contents", async () => {
  const source = join(folder, "source");
  await mkdir(join(source, "below"), { recursive: true });
  await writeFile(join(source, "below/a"), "1");
  const first = await folderKey(source);
  expect(await folderKey(source)).toBe(first);
  await writeFile(join(source, "below/a"), "2");
  const second = await folderKey(source);
  expect(second).not.toBe(first);
  await writeFile(join(source, "b"), "");
  expect(await folderKey(source)).not.toBe(second);
});
