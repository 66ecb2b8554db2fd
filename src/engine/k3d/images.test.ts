import { describe, expect, it } from "vitest";
import { archiveName, isCacheable } from "./image-cache.ts";
import { failureOf, importable } from "./image-import.ts";
import { helperImages, isFinal } from "./images.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("k3d's helpers", () => {
  it("are those of its version", () => {
    expect(helperImages({ k3dVersion: "v5.8.3", loadBalancer: false }, {})).toEqual([
      "ghcr.io/k3d-io/k3d-tools:5.8.3",
    ]);
    expect(helperImages({ k3dVersion: "v5.8.3", loadBalancer: true }, {})).toEqual([
      "ghcr.io/k3d-io/k3d-tools:5.8.3",
      "ghcr.io/k3d-io/k3d-proxy:5.8.3",
    ]);
  });

  it("are replaced by k3d's own variables", () => {
    const environment = { K3D_IMAGE_TOOLS: "mirror/tools:1", K3D_HELPER_IMAGE_TAG: "6.0.0" };
    expect(helperImages({ k3dVersion: "v5.8.3", loadBalancer: true }, environment)).toEqual([
      "mirror/tools:1",
      "ghcr.io/k3d-io/k3d-proxy:6.0.0",
    ]);
  });
});

describe("an image", () => {
  it.each([
    ["rancher/k3s:v1.37.0-k3s1", true],
    ["localhost:5000/a:1", true],
    ["localhost:5000/a", false],
    ["busybox", false],
    ["busybox:latest", false],
    [`busybox:1@${digest}`, false],
  ])("%s is kept in the cache: %s", (image, kept) => {
    expect(isCacheable(image)).toBe(kept);
  });

  it("has an archive of its own, in the folder", () => {
    const name = archiveName("quay.io/argoproj/argocd:v3.6.1");
    expect(name).toMatch(/^quay\.io-argoproj-argocd-v3\.6\.1-[0-9a-f]{8}\.tar$/);
    expect(archiveName("a/b:1")).not.toBe(archiveName("a-b:1"));
    expect(archiveName("../../etc/passwd:1")).not.toContain("/");
  });

  it("is not imported by its digest", () => {
    expect(importable(["a:1", `b@${digest}`, `c:1@${digest}`])).toEqual(["a:1"]);
  });
});

describe("a registry's answer", () => {
  it.each([
    ["Error response from daemon: manifest for a:1 not found: manifest unknown", true],
    ["Error response from daemon: pull access denied for a, repository does not exist", true],
    ["toomanyrequests: You have reached your pull rate limit", true],
    ["dial tcp: lookup registry.invalid: no such host", true],
    ["net/http: TLS handshake timeout", false],
    ["received unexpected HTTP status: 502 Bad Gateway", false],
  ])("%s is final: %s", (stderr, final) => {
    expect(isFinal(stderr)).toBe(final);
  });
});

describe("a stream of images into a node", () => {
  const well = { exitCode: 0, stderr: "" };

  it("is whole when the loader is content, which may leave before the archive's padding", () => {
    expect(failureOf(well, well)).toBeUndefined();
    const left = { exitCode: 1, stderr: "write /dev/stdout: broken pipe" };
    expect(failureOf(left, well)).toBeUndefined();
    expect(failureOf(left, { exitCode: 1, stderr: "ctr: no space left on device" })).toContain(
      "no space left",
    );
  });

  it("fails with the word of the one that failed first", () => {
    const none = { exitCode: 1, stderr: "Error response from daemon: No such image: none:1" };
    expect(failureOf(none, well)).toContain("No such image: none:1");
    expect(failureOf(none, { exitCode: 1, stderr: "ctr: unrecognized image format" })).toContain(
      "No such image",
    );
  });
});
