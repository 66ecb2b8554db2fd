import { expect, it } from "vitest";
import { startApi } from "../../kubernetes/api-fixture.ts";
import { runningVersion, versionOf } from "./running-version.ts";

it.each([
  ["quay.io/argoproj/argocd:v3.2.3", "v3.2.3"],
  ["registry.lan:5000/argocd:3.2.3@sha256:0123", "3.2.3"],
  ["quay.io/argoproj/argocd@sha256:0123", "v3.0.0"],
  ["registry.lan:5000/argocd", "v3.0.0"],
  ["quay.io/argoproj/argocd:latest", "v3.0.0"],
])("%s is Argo CD %s", (image, version) => {
  expect(versionOf(image, "v3.0.0")).toBe(version);
});

it("without a chart's word for it, the image has to do", () => {
  expect(versionOf("example/argocd@sha256:0123", undefined)).toBe("example/argocd@sha256:0123");
});

it("is that of the application controller, whatever kind of workload it is", async () => {
  await using api = await startApi({
    deployments: "apps/v1 Deployment",
    statefulsets: "apps/v1 StatefulSet",
  });
  const put = (kind: string, program: string, tag: string) =>
    api.put({
      apiVersion: "apps/v1",
      kind,
      metadata: { name: program, namespace: "argocd" },
      spec: { template: { spec: { containers: [{ name: "a", image: `argocd:${tag}`, args: [program] }] } } },
    });
  put("Deployment", "argocd-server", "v1.0.0");
  put("Deployment", "argocd-application-controller", "v3.1.0");
  expect(await runningVersion(api.client, "argocd", undefined)).toBe("v3.1.0");
});
