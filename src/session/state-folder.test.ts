import { chmod, mkdir, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TemporaryFolder, temporaryFolder } from "../repository/git-fixture.ts";
import { UsageError } from "../runner/errors.ts";
import { orderFor } from "./session-fixture.ts";
import { createState, endOfLog, openState, readOrder, removeState } from "./state-folder.ts";

let folder: TemporaryFolder;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(() => folder[Symbol.asyncDispose]());

test("the folder is private, and is opened again by its path", async () => {
  const order = orderFor(folder.path);
  const state = await createState(folder.path, order);
  expect(dirname(state.path)).toBe(folder.path);
  expect((await stat(state.path)).mode & 0o777).toBe(0o700);
  expect((await stat(state.request)).mode & 0o777).toBe(0o600);
  expect(await openState(state.path)).toEqual(state);
  expect(await readOrder(state)).toEqual(order);
});

test("where the path is too long for a socket, it is made elsewhere", async () => {
  const long = join(folder.path, "a".repeat(60));
  await mkdir(long);
  const state = await createState(long, orderFor(folder.path));
  try {
    expect(dirname(state.path)).toBe(tmpdir());
    expect(Buffer.byteLength(state.socket)).toBeLessThan(104);
  } finally {
    await removeState(state);
  }
});

test("one that is gone is no error, as clean-up may come twice", async () => {
  const state = await createState(folder.path, orderFor(folder.path));
  await removeState(state);
  expect(await openState(state.path)).toBeUndefined();
  await removeState(state);
});

test("no other folder is taken for one, as it would be removed", async () => {
  await expect(openState(folder.path)).rejects.toThrow(UsageError);
  await expect(openState("")).rejects.toThrow("is not the state of a session");

  const shared = join(folder.path, "rehearsal-session-shared");
  await mkdir(shared);
  await chmod(shared, 0o755);
  await expect(openState(shared)).rejects.toThrow(UsageError);

  const link = join(folder.path, "rehearsal-session-link");
  await symlink((await createState(folder.path, orderFor(folder.path))).path, link);
  await expect(openState(link)).rejects.toThrow(basename(link));
});

test("a host that said nothing has an empty log", async () => {
  const state = await createState(folder.path, orderFor(folder.path));
  expect(await endOfLog(state)).toBe("(empty)");
});
