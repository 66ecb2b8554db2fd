import { describe, expect, it } from "vitest";
import { type Api, startApi } from "../kubernetes/api-fixture.ts";
import { InfrastructureError } from "../runner/errors.ts";
import { configMapData, readComponent } from "./component-spec.ts";

const kinds = {
  deployments: "apps/v1 Deployment",
  statefulsets: "apps/v1 StatefulSet",
  configmaps: "v1 ConfigMap",
  secrets: "v1 Secret",
};

function workload(component: string, container: object, changes: { kind?: string; namespace?: string } = {}) {
  return {
    apiVersion: "apps/v1",
    kind: changes.kind ?? "Deployment",
    metadata: {
      name: `argocd-${component}`,
      namespace: changes.namespace ?? "gitops",
      labels: { "app.kubernetes.io/part-of": "argocd", "app.kubernetes.io/component": component },
    },
    spec: {
      template: {
        spec: {
          serviceAccountName: `sa-${component}`,
          containers: [container, { args: ["--of-a-sidecar"] }],
        },
      },
    },
  };
}

async function withApi<T>(work: (api: Api) => Promise<T>): Promise<T> {
  await using api = await startApi(kinds);
  return await work(api);
}

function read(container: object, prepare: (api: Api) => void = () => undefined) {
  return withApi(async (api) => {
    api.put(workload("repo-server", container));
    prepare(api);
    return readComponent(api.client, "gitops", "repo-server");
  });
}

describe("a component", () => {
  it("is found by its labels, whatever kind of workload it is, in its namespace alone", async () => {
    await withApi(async (api) => {
      api.put(workload("application-controller", { args: ["--elsewhere"] }, { namespace: "other" }));
      api.put(workload("repo-server", { args: ["--wrong"] }));
      api.put(workload("application-controller", { args: ["--right"] }, { kind: "StatefulSet" }));
      expect(await readComponent(api.client, "gitops", "application-controller")).toEqual({
        args: ["--right"],
        env: {},
        serviceAccount: "sa-application-controller",
      });
    });
  });

  it("that is not there is the infrastructure's fault, and named", async () => {
    const missing = withApi((api) => readComponent(api.client, "gitops", "repo-server"));
    await expect(missing).rejects.toThrow(InfrastructureError);
    await expect(missing).rejects.toThrow(
      "the installation of Argo CD has no repo-server in namespace gitops",
    );
  });
});

describe("its arguments", () => {
  it.each([
    [{ args: ["/usr/local/bin/argocd-repo-server", "--port=8081"] }, ["--port=8081"]],
    [
      { command: ["entrypoint.sh", "argocd-repo-server"], args: ["--loglevel", "debug"] },
      ["--loglevel", "debug"],
    ],
    [{ command: ["argocd", "--x"], args: ["y"] }, ["--x", "y"]],
    [{ command: ["sh", "-c", "argocd-repo-server --port 1"] }, []],
    [{}, []],
  ])("of %j are %j", async (container, args) => {
    expect((await read(container)).args).toEqual(args);
  });

  it("may name what stands in its environment", async () => {
    const { args } = await read({
      args: ["--level=$(LEVEL)", "--unknown=$(NOBODY)", "--price=$$(LEVEL)"],
      env: [{ name: "LEVEL", value: "debug" }],
    });
    expect(args).toEqual(["--level=debug", "--unknown=$(NOBODY)", "--price=$(LEVEL)"]);
  });
});

describe("its environment", () => {
  const params = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "params", namespace: "gitops" },
    data: { "log.level": "debug", A: "from all" },
  };
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "redis", namespace: "gitops" },
    data: { auth: Buffer.from("pässword").toString("base64") },
  };
  const prepare = (api: Api) => {
    api.put(params);
    api.put(secret);
  };

  it("is resolved as the kubelet does it, and what does not exist is left out", async () => {
    const { env } = await read(
      {
        env: [
          { name: "PLAIN", value: "1" },
          { name: "EMPTY" },
          { name: "COMBINED", value: "$(PLAIN)-$(LATER)-$$x" },
          { name: "LATER", value: "2" },
          { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "params", key: "log.level" } } },
          { name: "NO_KEY", valueFrom: { configMapKeyRef: { name: "params", key: "nothing" } } },
          { name: "NO_MAP", valueFrom: { configMapKeyRef: { name: "nothing", key: "x" } } },
          { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "redis", key: "auth" } } },
          { name: "NO_SECRET", valueFrom: { secretKeyRef: { name: "nothing", key: "x" } } },
          { name: "NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
          { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        ],
      },
      prepare,
    );
    expect(env).toEqual({
      PLAIN: "1",
      EMPTY: "",
      COMBINED: "1-$(LATER)-$x",
      LATER: "2",
      LEVEL: "debug",
      PASSWORD: "pässword",
      NAMESPACE: "gitops",
    });
  });

  it("takes all of a ConfigMap or a Secret, before what it names itself", async () => {
    const { env } = await read(
      {
        envFrom: [
          { configMapRef: { name: "params" } },
          { prefix: "R_", secretRef: { name: "redis" } },
          { configMapRef: { name: "nothing" } },
        ],
        env: [{ name: "A", value: "own" }],
      },
      prepare,
    );
    expect(env).toEqual({ "log.level": "debug", A: "own", R_auth: "pässword" });
  });

  it("asks for each object once", async () => {
    await withApi(async (api) => {
      const refs = ["a", "b", "c"].map((key) => ({
        name: key,
        valueFrom: { configMapKeyRef: { name: "params", key } },
      }));
      api.put(workload("repo-server", { env: refs }));
      await readComponent(api.client, "gitops", "repo-server");
      expect(api.received.filter(({ path }) => path.endsWith("/configmaps/params"))).toHaveLength(1);
    });
  });
});

it("reads the data of a ConfigMap, or nothing", async () => {
  await withApi(async (api) => {
    api.put({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", namespace: "gitops" },
      data: { x: "1" },
    });
    api.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b", namespace: "gitops" } });
    const all = await Promise.all(["a", "b", "c"].map((name) => configMapData(api.client, "gitops", name)));
    expect(all).toEqual([{ x: "1" }, {}, {}]);
  });
});
