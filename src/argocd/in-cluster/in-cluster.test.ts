import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Api, startApi } from "../../kubernetes/api-fixture.ts";
import { InfrastructureError } from "../../runner/errors.ts";
import { silentLog } from "../../runner/log.ts";
import { prepareInCluster } from "./in-cluster.ts";

const kinds = {
  namespaces: "v1 Namespace cluster",
  nodes: "v1 Node cluster",
  services: "v1 Service",
  secrets: "v1 Secret",
  configmaps: "v1 ConfigMap",
  pods: "v1 Pod",
  mutatingwebhookconfigurations: "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration cluster",
};

let folder: string;
let caBundle: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "in-cluster-"));
  caBundle = join(folder, "bundle.pem");
  await writeFile(caBundle, "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n");
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function prepare(api: Api, signal: AbortSignal, log = silentLog) {
  return prepareInCluster({
    client: api.client,
    namespace: "argocd",
    reach: { bind: "127.0.0.1", host: "mirror.lan", address: "127.0.0.1" },
    mirror: { proxyUrl: "http://rehearsal:secret@mirror.lan:1", caBundle, hosts: ["github.com"] },
    log,
    signal,
  });
}

it("that is interrupted takes back all that it has put into the cluster", async () => {
  await using api = await startApi(kinds);
  const interrupted = new AbortController();
  api.intercept(({ method, path }) => {
    if (method !== "POST" || !path.includes("/pods")) return undefined;
    interrupted.abort(new InfrastructureError("interrupted"));
    return { status: 500, body: "{}" };
  });
  await expect(prepare(api, interrupted.signal)).rejects.toThrow("interrupted");
  const nameOf = (path: string) => path.split("?")[0] ?? "";
  const applied = api.received.filter(({ method }) => method === "PATCH").map(({ path }) => nameOf(path));
  const deleted = api.received.filter(({ method }) => method === "DELETE").map(({ path }) => nameOf(path));
  expect(applied).toContain("/api/v1/namespaces/argocd");
  expect(deleted.sort()).toEqual(applied.filter((path) => path !== "/api/v1/namespaces/argocd").sort());
  expect(deleted).toHaveLength(3);
});

it("keeps the proxy's credentials in a Secret, and says of what it could not take back", async () => {
  await using api = await startApi(kinds);
  const interrupted = new AbortController();
  const warnings: string[] = [];
  api.intercept(({ method, path }) => {
    if (method === "DELETE") return { status: 500, body: '{"message":"no"}' };
    if (method !== "POST" || !path.includes("/pods")) return undefined;
    interrupted.abort();
    return { status: 500, body: "{}" };
  });
  const log = { ...silentLog, warn: (line: string) => void warnings.push(line) };
  await expect(prepare(api, interrupted.signal, log)).rejects.toThrow();
  const holding = api.received.filter(({ body }) => JSON.stringify(body ?? "").includes("secret@"));
  expect(holding.map(({ body }) => (body as { kind: string }).kind)).toEqual(["Secret"]);
  expect(warnings).toHaveLength(3);
  expect(warnings[0]).toMatch(/^Something named rehearsal-[0-9a-f]{16} may be left in the cluster: /);
});

it("leaves a namespace as it is that is there", async () => {
  await using api = await startApi(kinds);
  api.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "argocd", labels: { of: "others" } } });
  const interrupted = new AbortController();
  api.intercept(({ method, path }) => {
    if (method !== "POST" || !path.includes("/pods")) return undefined;
    interrupted.abort();
    return { status: 500, body: "{}" };
  });
  await expect(prepare(api, interrupted.signal)).rejects.toThrow();
  expect(api.get("Namespace", "argocd")?.metadata.labels).toEqual({ of: "others" });
});
