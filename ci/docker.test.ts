import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { run } from "../src/runner/process.ts";
import { ensureDocker, removeStalePidFile, writeRuntimeWrapper } from "./docker.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rehearsal-docker-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test("a DOCKER_HOST that does not answer is a reason, and nothing is started for it", async () => {
  vi.stubEnv("DOCKER_HOST", `unix://${folder}/none.sock`);
  const docker = await ensureDocker({ dataRoot: join(folder, "data") });
  expect(docker.unavailable).toMatch(/^DOCKER_HOST does not answer: /);
  await expect(readFile(join(folder, "data/dockerd.log"))).rejects.toThrow("ENOENT");
});

const granted =
  '{"bounding":["CAP_SYS_ADMIN","CAP_SYS_RESOURCE","CAP_KILL"],"effective":["CAP_SYS_RESOURCE"]}';
const withheld = '{"bounding":["CAP_SYS_ADMIN","CAP_KILL"],"effective":[]}';

test.each([
  { verb: "create", given: (file: string) => ["--bundle", join(file, "..")], file: "config.json" },
  { verb: "exec", given: (file: string) => ["--process", file], file: "process.json" },
])("the wrapper of runc takes CAP_SYS_RESOURCE out of what $verb is given", async ({ verb, given, file }) => {
  const wrapper = await writeRuntimeWrapper(folder);
  await writeFile(join(folder, "runc"), '#!/bin/sh\necho "$@"\n');
  await chmod(join(folder, "runc"), 0o755);
  const path = join(folder, file);
  await writeFile(path, granted);

  const args = ["--log", "somewhere", verb, ...given(path), "id"];
  const { stdout } = await run(wrapper, args, { env: { PATH: `${folder}:${process.env.PATH}` } });

  expect(stdout).toBe(`${args.join(" ")}\n`);
  expect(await readFile(path, "utf8")).toBe(withheld);
});

// /proc tells which process has the pid.
test.runIf(process.platform === "linux")(
  "a pid file that a killed dockerd has left is removed, also where another process has its pid",
  async () => {
    const file = join(folder, "docker.pid");
    await removeStalePidFile(file); // there need not be one
    for (const pid of [process.pid, 2 ** 22 + 1]) {
      await writeFile(file, `${pid}\n`);
      await removeStalePidFile(file);
      await expect(readFile(file)).rejects.toThrow("ENOENT");
    }
  },
);
