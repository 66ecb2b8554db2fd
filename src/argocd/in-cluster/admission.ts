import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, isIPv6 } from "node:net";
import type { MirrorReach } from "../../engine/engine.ts";
import { createAuthority } from "../../runner/certificates.ts";
import { InfrastructureError } from "../../runner/errors.ts";
import { type PodPatchSettings, patchPod } from "./pod-patch.ts";
import { componentOf, type PodTemplate } from "./pod-template.ts";

/** Answers an API server's questions about new Pods, until it is disposed of. */
export interface AdmissionServer extends AsyncDisposable {
  /** For the registration of the webhook. Whoever knows the URL may ask. */
  readonly clientConfig: { url: string; caBundle: string };
  /** Repo-servers that it let in, dry runs aside. */
  repoServers(): number;
}

/** A Pod is at most 1.5 MB in etcd, and a review may hold it twice. */
const mostBytes = 8 * 1024 * 1024;
const requestTimeoutMs = 10_000;

/** Listens at `reach.bind` with a certificate of its own. Throws InfrastructureError where it cannot. */
export async function serveAdmission(
  reach: MirrorReach,
  settings: PodPatchSettings,
): Promise<AdmissionServer> {
  const authority = await createAuthority("Rehearsal admission authority");
  const names = [...new Set([reach.host, ...(reach.address === undefined ? [] : [reach.address])])];
  const { key, certificate } = await authority.issue({ commonName: "Rehearsal admission", names });
  // Pods reach it as well, and what it answers is for the API server alone.
  const path = `/${randomBytes(24).toString("hex")}`;
  let repoServers = 0;

  const server = createServer(
    {
      key,
      cert: certificate,
      minVersion: "TLSv1.2",
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: 120_000, // the API server must not find that we have just closed a connection
    },
    (request, response) => {
      const answer = (status: number, body = "") => {
        response.writeHead(status, {
          "content-type": "application/json",
          ...(status === 200 ? {} : { connection: "close" }),
        });
        response.end(body);
      };
      if (!sameText(request.url?.split("?")[0] ?? "", path)) return answer(404);
      if (request.method !== "POST") return answer(405);
      readBody(request)
        .then((body) => {
          if (body === undefined) return answer(413);
          const reviewed = review(body, settings);
          if (reviewed === undefined) return answer(400);
          if (reviewed.counts) repoServers += 1;
          answer(200, JSON.stringify(reviewed.answer));
        })
        .catch(() => response.destroy()); // the client has gone
    },
  );
  server.on("tlsClientError", (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new InfrastructureError(`the admission webhook cannot listen on ${reach.bind}: ${cause.message}`, {
          cause,
        }),
      ),
    );
    server.listen({ host: reach.bind, port: 0 }, resolve);
  });
  const name = reach.address ?? reach.host;
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: {
      url: `https://${isIPv6(name) ? `[${name}]` : name}:${port}${path}`,
      caBundle: Buffer.from(authority.certificate).toString("base64"),
    },
    repoServers: () => repoServers,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Review {
  request?: { uid?: string; operation?: string; dryRun?: boolean; object?: PodTemplate };
}

/** Undefined for what is no question about a Pod. */
function review(
  body: string,
  settings: PodPatchSettings,
): { answer: Record<string, unknown>; counts: boolean } | undefined {
  const { request } = parse(body) ?? {};
  const pod = request?.object;
  if (!request?.uid || !Array.isArray(pod?.spec?.containers)) return undefined;
  const patch = patchPod(pod, settings);
  const patched =
    patch.length === 0
      ? {}
      : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
  return {
    answer: {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: request.uid, allowed: true, ...patched },
    },
    // One that needs no patch has been here before: webhooks are called again after each other.
    counts: request.dryRun !== true && patch.length > 0 && componentOf(pod) === "repo-server",
  };
}

function parse(body: string): Review | undefined {
  try {
    return (JSON.parse(body) as Review | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
