import { describe, expect, it } from "vitest";
import { imageFailure } from "./image.ts";
import { said } from "./pod-fixture.ts";

const image = "ghcr.io/home/web:9";
const status = (code: string) =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": unexpected status from HEAD request to https://ghcr.io/v2/home/web/manifests/9: ${code}`;
const request = (why: string) =>
  `failed to pull and unpack image "${image}": failed to resolve reference "${image}": failed to do request: Head "https://ghcr.io/v2/home/web/manifests/9": ${why}`;

describe("an image that cannot be pulled", () => {
  it.each([
    // The change names what does not exist.
    [said.notFound, "change"],
    [said.denied, "change"],
    [`${image}: manifest unknown`, "change"],
    [
      "Error response from daemon: manifest for home/web:9 not found: manifest unknown: manifest unknown",
      "change",
    ],
    [
      `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve image: ${image}: not found`,
      "change",
    ],
    // The registry wants credentials that this cluster does not have.
    [
      `failed to pull and unpack image "${image}": failed to resolve image: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
      "configuration",
    ],
    [
      `failed to pull and unpack image "${image}": failed to resolve image: unexpected status from HEAD request to http://172.17.0.1:5999/v2/home/web/manifests/9?ns=ghcr.io: 403 Forbidden\ndenied`,
      "configuration",
    ],
    [
      `failed to pull and unpack image "${image}": failed to resolve image: unexpected status from HEAD request to http://172.17.0.1:5999/v2/home/web/manifests/9?ns=ghcr.io: 429 Too Many Requests`,
      "infrastructure",
    ],
    [
      `failed to pull and unpack image "${image}": failed to resolve image: unexpected status from HEAD request to http://172.17.0.1:5999/v2/home/web/manifests/9?ns=ghcr.io: 503 Service Unavailable`,
      "infrastructure",
    ],
    [status("401 Unauthorized"), "configuration"],
    [status("403 Forbidden"), "configuration"],
    [
      `failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=x: 403 Forbidden`,
      "configuration",
    ],
    ["authorization failed: no basic auth credentials", "configuration"],
    // The way to the registry.
    [said.dns, "infrastructure"],
    [request("dial tcp 140.82.121.34:443: connect: connection refused"), "infrastructure"],
    [request("dial tcp 140.82.121.34:443: i/o timeout"), "infrastructure"],
    [request("net/http: TLS handshake timeout"), "infrastructure"],
    [
      request("tls: failed to verify certificate: x509: certificate signed by unknown authority"),
      "infrastructure",
    ],
    [request("http: server gave HTTP response to HTTPS client"), "infrastructure"],
    [request("EOF"), "infrastructure"],
    [status("503 Service Unavailable"), "infrastructure"],
    [status("500 Internal Server Error"), "infrastructure"],
    [
      `failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.`,
      "infrastructure",
    ],
    // The machine.
    [`failed to extract layer sha256:1: write /var/lib/rancher/x: no space left on device`, "infrastructure"],
    [
      `failed to pull and unpack image "${image}": no match for platform in manifest: not found`,
      "infrastructure",
    ],
    // Words that nobody knows prove nothing against the change.
    ["something else entirely", "infrastructure"],
  ])("%s: %s", (message, reasonClass) => {
    const failure = imageFailure("app", image, { reason: "ErrImagePull", message }, undefined);
    expect(failure?.reason).toMatchObject({ code: "image", class: reasonClass });
    const backOff = {
      reason: "ImagePullBackOff",
      message: `Back-off pulling image "${image}": ErrImagePull: ${message}`,
    };
    expect(imageFailure("app", image, backOff, undefined)).toEqual(failure);
  });

  it("that its Pod has credentials for wants these", () => {
    const waiting = { reason: "ErrImagePull", message: said.denied };
    expect(imageFailure("app", image, waiting, undefined, true)?.reason.class).toBe("configuration");
    expect(
      imageFailure("app", image, { ...waiting, message: said.notFound }, undefined, true)?.reason.class,
    ).toBe("change");
  });

  it("is named once, with the cause alone", () => {
    const failure = imageFailure("app", image, { reason: "ErrImagePull", message: said.notFound }, undefined);
    expect(failure?.reason.message).toBe(
      "image ghcr.io/home/web:9 of container app cannot be pulled: ghcr.io/home/web:9: not found",
    );
  });

  it("of which a back-off says nothing is explained by the last event", () => {
    const backOff = { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}"` };
    expect(imageFailure("app", image, backOff, undefined)).toBeUndefined();
    const failure = imageFailure("app", image, backOff, `Failed to pull image "${image}": ${said.notFound}`);
    expect(failure?.reason).toMatchObject({
      class: "change",
      message: expect.stringMatching(/9: not found$/),
    });
  });

  it("for its name, its pull policy or its signature is the change's fault", () => {
    const message =
      'Failed to apply default image tag "Docker.io/Library/UPPER:1": couldn\'t parse image name "Docker.io/Library/UPPER:1": invalid reference format: repository name (Library/UPPER) must be lowercase';
    expect(
      imageFailure("app", "UPPER:1", { reason: "InvalidImageName", message }, undefined)?.reason,
    ).toMatchObject({
      class: "change",
      message: expect.stringMatching(/is no name of an image: couldn't parse .* must be lowercase$/),
    });
    const never = {
      reason: "ErrImageNeverPull",
      message: 'Container image "x" is not present with pull policy of Never',
    };
    expect(imageFailure("app", "x", never, undefined)?.reason).toMatchObject({
      class: "change",
      message: "image x of container app is not on the node, and its pull policy is Never",
    });
    expect(
      imageFailure("app", "x", { reason: "SignatureValidationFailed", message: "no" }, undefined)?.reason
        .class,
    ).toBe("change");
  });

  it("is final soon where nothing can heal it, and late where the network may", () => {
    const finality = (message: string) =>
      imageFailure("app", image, { reason: "ErrImagePull", message }, undefined)?.finality;
    expect(finality(said.notFound)).toEqual({ when: "lasting", ms: 12_000 });
    expect(finality(said.dns)).toEqual({ when: "lasting", ms: 90_000 });
    expect(finality(status("401 Unauthorized"))).toEqual({ when: "quiet" });
  });
});
