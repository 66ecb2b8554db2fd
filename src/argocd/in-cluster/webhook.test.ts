import { expect, it } from "vitest";
import { type Api, startApi } from "../../kubernetes/api-fixture.ts";
import { InfrastructureError } from "../../runner/errors.ts";
import { patchPod } from "./pod-patch.ts";
import type { PodTemplate } from "./pod-template.ts";
import { applyPatch, patchSettings } from "./repo-server-fixture.ts";
import { proveWebhook } from "./webhook.ts";

const url = `https://172.18.0.1:4711/${"ab".repeat(24)}`;

function prove(api: Api, timeoutMs: number): Promise<void> {
  const { signal } = new AbortController();
  return proveWebhook(api.client, { namespace: "argocd", url, settings: patchSettings, signal, timeoutMs });
}

it("is proven by a Pod that is never stored and comes back patched, as soon as that is so", async () => {
  await using api = await startApi({});
  let attempts = 0;
  api.intercept(({ path, body }) => {
    expect(path).toBe("/api/v1/namespaces/argocd/pods?dryRun=All");
    attempts += 1;
    if (attempts === 1) return { status: 403, body: '{"message":"serviceaccount \\"default\\" not found"}' };
    const pod = body as PodTemplate;
    if (attempts === 2) return { status: 201, body: JSON.stringify(pod) };
    return { status: 201, body: JSON.stringify(applyPatch(pod, patchPod(pod, patchSettings))) };
  });
  await prove(api, 20_000);
  expect(attempts).toBe(3);
});

it("is disproven in the API server's words, without the path that has to stay secret", async () => {
  await using api = await startApi({});
  const words = `failed calling webhook "x": failed to call webhook: Post "${url}?timeout=10s": dial tcp 172.18.0.1:4711: i/o timeout`;
  api.intercept(() => ({ status: 500, body: JSON.stringify({ kind: "Status", message: words }) }));
  const error = await prove(api, 0).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(InfrastructureError);
  expect((error as Error).message).toBe(
    'the API server does not reach this machine at 172.18.0.1:4711: failed calling webhook "x": failed to call webhook: Post "https://172.18.0.1:4711?timeout=10s": dial tcp 172.18.0.1:4711: i/o timeout',
  );
});

it("is disproven where Pods are made without it", async () => {
  await using api = await startApi({});
  api.intercept(({ body }) => ({ status: 201, body: JSON.stringify(body) }));
  await expect(prove(api, 0)).rejects.toThrow(/: it made a Pod without asking the admission webhook$/);
});
