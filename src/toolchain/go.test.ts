import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { explainGoFailure, installedGo, isGoNewEnough, requireGo } from "./go.ts";
import { tempFolder } from "./testing/temp-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

async function putOnPath(script: string): Promise<void> {
  const folder = await tempFolder();
  await writeFile(join(folder, "go"), script);
  await chmod(join(folder, "go"), 0o755);
  vi.stubEnv("PATH", folder);
}

describe("the installed Go", () => {
  it("is asked for its own version, not for the one that a go.mod wants", async () => {
    await putOnPath('#!/bin/sh\necho "go version go1.26.8 $GOTOOLCHAIN/amd64"\n');
    expect(await installedGo()).toBe("1.26.8");
    expect(await requireGo()).toBe("1.26.8");
  });

  it("may be missing", async () => {
    vi.stubEnv("PATH", await tempFolder());
    expect(await installedGo()).toBeUndefined();
    await expect(requireGo()).rejects.toThrow(UsageError);
    await expect(requireGo()).rejects.toThrow("no Go is on the PATH");
  });

  it("may be too old", async () => {
    await putOnPath('#!/bin/sh\necho "go version go1.22.12 linux/amd64"\n');
    await expect(requireGo()).rejects.toThrow(UsageError);
    await expect(requireGo()).rejects.toThrow("Go 1.22.12 is older than 1.24");
  });

  it.each([
    ["1.9", false],
    ["1.23.4", false],
    ["1.24", true],
    ["1.30.1", true],
    ["2.0", true],
    ["1.25rc1", true],
  ])("%s is new enough: %s", (version, is) => {
    expect(isGoNewEnough(version)).toBe(is);
  });
});

describe("a failed go command", () => {
  it.each([
    [
      'go: k8s.io/api@v0.37.2: Get "https://modules.example/k8s.io/api/@v/v0.37.2.mod": dial tcp: lookup modules.example on 127.0.0.53:53: server misbehaving',
      "Go could not download what it needs while building x: dial tcp: lookup modules.example on 127.0.0.53:53: server misbehaving",
    ],
    [
      "go: download go1.27.0 for linux/amd64: toolchain not available",
      "Go could not download what it needs while building x: toolchain not available",
    ],
    [
      "go: x@v1.0.0: reading https://modules.example/x/@v/v1.0.0.zip: 503 Service Unavailable",
      "Go could not download what it needs while building x: reading https://modules.example/x/@v/v1.0.0.zip: 503 Service Unavailable",
    ],
    [
      "verifying github.com/google/uuid@v1.6.0: checksum mismatch\n\tdownloaded: h1:a\n\tgo.sum:     h1:b\n\nSECURITY ERROR\nThis download does NOT match an earlier download recorded in go.sum.",
      "github.com/google/uuid@v1.6.0 is not what go.sum pins (while building x)",
    ],
    [
      "# k8s.io/api/core/v1\nwrite $WORK/b012/_pkg_.a: no space left on device",
      "no space left on the disk while building x",
    ],
    [
      "k8s.io/api/core/v1: /sdk/pkg/tool/linux_amd64/compile: signal: killed",
      "a compiler was killed while building x, most likely for lack of memory",
    ],
    [
      "# example.test/x\n./main.go:3:1: undefined: y",
      "building x failed: # example.test/x | ./main.go:3:1: undefined: y",
    ],
  ])("is explained: %j", (output, message) => {
    const error = explainGoFailure("building x", output);
    expect(error).toBeInstanceOf(InfrastructureError);
    expect(error.message).toBe(message);
  });
});
