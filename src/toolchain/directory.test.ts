import { existsSync } from "node:fs";
import { chmod, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UsageError } from "../runner/errors.ts";
import { resolveToolchain } from "./resolve.ts";
import { tempFolder } from "./testing/temp-folder.ts";
import { makeWorld } from "./testing/tiny-toolchain.ts";

describe("a folder that the user names", () => {
  it("is used as it is, with the versions that its programs state", async () => {
    const { options, source } = await makeWorld(await tempFolder());
    const toolchain = await resolveToolchain({ ...options, directory: source });
    expect(toolchain.program("kube-apiserver")).toBe(join(source, "bin/kube-apiserver"));
    expect(toolchain.argocdScripts).toBe(join(source, "argocd/hack"));
    expect(toolchain.origin).toBe(source);
    expect(toolchain.versions).toEqual({
      kubernetes: "v1.2.3",
      argocd: "v1.2.3",
      helm: "v1.2.3",
      kustomize: "v1.2.3",
      k3d: "v1.2.3",
    });
    expect(existsSync(options.cache)).toBe(false);
  });

  it("is refused, naming all that is missing or does not run", async () => {
    const { options, source } = await makeWorld(await tempFolder());
    await rm(join(source, "bin/helm"));
    await rm(join(source, "argocd/manifests"), { recursive: true });
    await chmod(join(source, "bin/etcd"), 0o644);
    await writeFile(join(source, "bin/kwok"), "\u007fELF for another machine");
    await writeFile(join(source, "bin/redis"), "#!/bin/sh\necho I have no version\n");
    const failure = resolveToolchain({ ...options, directory: source });
    await expect(failure).rejects.toThrow(UsageError);
    await expect(failure).rejects.toThrow("it lacks bin/helm and argocd/manifests/install.yaml; ");
    await expect(failure).rejects.toThrow("bin/etcd does not run (not executable)");
    await expect(failure).rejects.toThrow("bin/kwok does not run (");
    await expect(failure).rejects.toThrow("bin/redis does not run (states no version: I have no version)");
  });

  it("that does not exist is refused", async () => {
    const { options } = await makeWorld(await tempFolder());
    await expect(resolveToolchain({ ...options, directory: "nowhere" })).rejects.toThrow(
      "the toolchain folder nowhere cannot be used: it lacks bin/etcd, ",
    );
  });
});
