import { expect, it } from "vitest";
import { startApi } from "../kubernetes/api-fixture.ts";
import { ensureDefaultProject } from "./default-project.ts";

const kinds = { appprojects: "argoproj.io/v1alpha1 AppProject" };

it("the project that nobody has made allows what argocd-server's own does", async () => {
  await using api = await startApi(kinds);
  await ensureDefaultProject(api.client, "argocd");
  expect(api.get("AppProject", "default")).toMatchObject({
    metadata: { namespace: "argocd" },
    spec: {
      sourceRepos: ["*"],
      destinations: [{ server: "*", namespace: "*" }],
      clusterResourceWhitelist: [{ group: "*", kind: "*" }],
    },
  });
});

it("one that is there stays as it is", async () => {
  await using api = await startApi(kinds);
  const spec = { sourceRepos: ["https://github.com/home/lab"] };
  api.put({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: "default", namespace: "argocd" },
    spec,
  });
  await ensureDefaultProject(api.client, "argocd");
  expect(api.get("AppProject", "default")?.spec).toEqual(spec);
});
