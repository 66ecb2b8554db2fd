import { expect, it } from "vitest";
import { type Container, componentOf } from "./pod-template.ts";

function ofProgram(container: Partial<Container>, labels: Record<string, string> = {}): string | undefined {
  return componentOf({ metadata: { labels }, spec: { containers: [{ name: "a", ...container }] } });
}

it("is known by its program, whatever the values call it", () => {
  const labels = { "app.kubernetes.io/component": "rs", "app.kubernetes.io/name": "argocd-rs" };
  expect(ofProgram({ args: ["/usr/local/bin/argocd-repo-server", "--port=8081"] }, labels)).toBe(
    "repo-server",
  );
  expect(ofProgram({ command: ["argocd-application-controller"] })).toBe("application-controller");
  expect(ofProgram({ command: ["sh", "-c", "sleep 1; exec argocd-repo-server --x"] })).toBe("repo-server");
  expect(ofProgram({ env: [{ name: "ARGOCD_BINARY_NAME", value: "argocd-repo-server" }] })).toBe(
    "repo-server",
  );
});

it("is not what its flags speak of", () => {
  const args = ["/usr/local/bin/argocd-server", "--repo-server", "argocd-repo-server"];
  expect(ofProgram({ args })).toBe("server");
});

it("else is known by its labels: the chart's, or the release manifests'", () => {
  expect(ofProgram({}, { "app.kubernetes.io/component": "redis", "app.kubernetes.io/name": "x" })).toBe(
    "redis",
  );
  expect(ofProgram({}, { "app.kubernetes.io/name": "argocd-redis" })).toBe("redis");
  expect(ofProgram({})).toBeUndefined();
});

it("is the repo-server even where a plugin's sidecar comes first", () => {
  const containers = [
    { name: "plugin", command: ["/var/run/argocd/argocd-cmp-server"] },
    { name: "main", args: ["/usr/local/bin/argocd-repo-server"] },
  ];
  expect(componentOf({ spec: { containers } })).toBe("repo-server");
});
