import { request } from "node:https";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { InfrastructureError } from "../../runner/errors.ts";
import { type AdmissionServer, serveAdmission } from "./admission.ts";
import { isAdmitted } from "./pod-patch.ts";
import { applyPatch, patchSettings, repoServerPod } from "./repo-server-fixture.ts";

const reach = { bind: "127.0.0.1", host: "localhost", address: "127.0.0.1" };

interface Asked {
  method?: string;
  url?: string;
  trusting?: string;
}

/** Asks as an API server does. */
async function ask(server: AdmissionServer, body: unknown, asked: Asked = {}) {
  const { url, caBundle } = server.clientConfig;
  const trusted = asked.trusting ?? Buffer.from(caBundle, "base64").toString();
  const content = typeof body === "string" ? body : JSON.stringify(body);
  return await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(asked.url ?? url, { method: asked.method ?? "POST", ca: trusted, agent: false });
    sent.on("error", reject);
    sent.on("response", (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, text: answer }), reject);
    });
    sent.end(content);
  });
}

function review(object: unknown, more: object = {}) {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "uid-1", operation: "CREATE", object, ...more },
  };
}

function responseOf(answer: { text: string }) {
  const { apiVersion, kind, response } = JSON.parse(answer.text) as Record<string, Record<string, string>>;
  const patch =
    response?.patch === undefined ? [] : JSON.parse(Buffer.from(response.patch, "base64").toString());
  return { type: `${apiVersion} ${kind}`, response, patch };
}

describe("the admission server", () => {
  it("lets a repo-server in with its patch, and counts it", async () => {
    await using server = await serveAdmission(reach, patchSettings);
    const answer = await ask(server, review(repoServerPod()));
    const { type, response, patch } = responseOf(answer);
    expect(type).toBe("admission.k8s.io/v1 AdmissionReview");
    expect(response).toMatchObject({ uid: "uid-1", allowed: true, patchType: "JSONPatch" });
    const pod = applyPatch(repoServerPod(), patch);
    expect(isAdmitted(pod, patchSettings)).toBe(true);
    expect(server.repoServers()).toBe(1);
    // Asked again, as after other webhooks.
    expect(responseOf(await ask(server, review(pod))).response).toEqual({ uid: "uid-1", allowed: true });
    expect(server.repoServers()).toBe(1);
  });

  it("does not count what is only tried", async () => {
    await using server = await serveAdmission(reach, patchSettings);
    const { patch } = responseOf(await ask(server, review(repoServerPod(), { dryRun: true })));
    expect(patch).not.toEqual([]);
    expect(server.repoServers()).toBe(0);
  });

  it("lets every other Pod in as it is", async () => {
    await using server = await serveAdmission(reach, patchSettings);
    const answer = await ask(server, review({ metadata: {}, spec: { containers: [{ name: "a" }] } }));
    expect(responseOf(answer).response).toEqual({ uid: "uid-1", allowed: true });
    expect(server.repoServers()).toBe(0);
  });

  it("tells nothing to who does not know its path", async () => {
    await using server = await serveAdmission(reach, patchSettings);
    const { url } = server.clientConfig;
    expect(new URL(url).pathname).toMatch(/^\/[0-9a-f]{48}$/);
    const elsewhere = new URL("/", url).href;
    expect(await ask(server, review(repoServerPod()), { url: elsewhere })).toEqual({ status: 404, text: "" });
    expect(await ask(server, "", { method: "GET" })).toEqual({ status: 405, text: "" });
  });

  it.each([
    "",
    "no JSON",
    "null",
    "{}",
    '{"request":{"uid":"1"}}',
    '{"request":{"uid":"1","object":{"spec":{}}}}',
  ])("answers %j, which is no question, with 400", async (body) => {
    await using server = await serveAdmission(reach, patchSettings);
    expect(await ask(server, body)).toEqual({ status: 400, text: "" });
  });

  it("outlives a question that is too long", async () => {
    await using server = await serveAdmission(reach, patchSettings);
    await ask(server, "x".repeat(9 * 1024 * 1024)).catch(() => undefined);
    expect((await ask(server, review(repoServerPod()))).status).toBe(200);
  });

  it("proves itself by its own authority, under its address and its name", async () => {
    await using server = await serveAdmission(reach, patchSettings);
    await using other = await serveAdmission(reach, patchSettings);
    const trusting = Buffer.from(other.clientConfig.caBundle, "base64").toString();
    await expect(ask(server, "", { trusting })).rejects.toThrow(/certificate/);
    const byName = server.clientConfig.url.replace("127.0.0.1", "localhost");
    expect((await ask(server, "", { url: byName })).status).toBe(400);
  });

  it("is asked by name where no address is known", async () => {
    await using server = await serveAdmission({ ...reach, address: undefined }, patchSettings);
    expect(new URL(server.clientConfig.url).hostname).toBe("localhost");
  });

  it("is gone once it is disposed of", async () => {
    const server = await serveAdmission(reach, patchSettings);
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await expect(ask(server, "")).rejects.toThrow(/ECONNREFUSED/);
  });

  it("listens nowhere else: an address that is not this machine's is an error", async () => {
    const elsewhere = serveAdmission({ ...reach, bind: "192.0.2.1" }, patchSettings);
    await expect(elsewhere).rejects.toThrow(InfrastructureError);
    await expect(elsewhere).rejects.toThrow(/^the admission webhook cannot listen on 192\.0\.2\.1: /);
  });
});
