import { execFileSync } from "node:child_process";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { expect, it } from "vitest";
import { readManifest } from "./manifest.ts";
import { resolveToolchain } from "./resolve.ts";
import { recordingLog } from "./testing/recording-log.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeTinyModule } from "./testing/tiny-toolchain.ts";
import { programs } from "./toolchain.ts";

// The one test that goes all the way with Go: ten programs of a line each are linked in a few seconds.
it("builds the toolchain of a go.mod, with Argo CD's files, into the cache", {
  timeout: 60_000,
}, async () => {
  const folder = await tempFolder();
  const module = join(folder, "module");
  await makeTinyModule(module);
  const log = recordingLog();
  const options = { module, cache: join(folder, "cache"), log };

  const toolchain = await resolveToolchain(options);
  expect((await readdir(toolchain.bin)).sort()).toEqual([...programs].sort());
  expect(execFileSync(toolchain.program("argocd"), { encoding: "utf8" })).toBe("v1.2.3\n");
  expect(toolchain.versions).toEqual({
    kubernetes: "v1.99.1",
    argocd: "v3.9.1",
    helm: "v4.9.1",
    kustomize: "v5.9.1",
    k3d: "v5.9.1",
  });
  const script = join(toolchain.argocdScripts, "git-verify-wrapper.sh");
  expect((await stat(script)).mode & 0o777).toBe(0o755);
  expect(await readFile(join(toolchain.argocdFiles, "manifests/crds/a.yaml"), "utf8")).toContain(
    "crds/a.yaml",
  );

  const home = join(toolchain.bin, "..");
  expect((await readdir(home)).sort()).toEqual(["argocd", "bin", "manifest.json"]);
  expect((await readManifest(home))?.origin).toMatch(/^built from source with Go \d/);
  expect(log.lines[0]).toBe("step: Building the toolchain from source (once)");
  expect(log.lines.at(-2)).toMatch(/^done: 10 programs in /);
  expect((await resolveToolchain(options)).origin).toBe("cache");

  await rm(toolchain.program("etcd"));
  const abort = new AbortController();
  const interrupted = recordingLog();
  const failure = resolveToolchain({ ...options, log: interrupted, signal: abort.signal });
  await expect.poll(() => interrupted.lines.length).toBeGreaterThan(1);
  abort.abort(new Error("enough"));
  await expect(failure).rejects.toThrow("enough");
  expect(interrupted.lines.at(-1)).toContain("the next start goes on from there");
  expect(await readdir(options.cache)).toEqual([basename(home)]);
});
