import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubeClient } from "../../kubernetes/client.ts";
import { InfrastructureError, isExpected, messageOf, UsageError } from "../../runner/errors.ts";
import type { ClusterNames } from "./production.ts";

const attempts = 3;
const pauseMs = 1_000;

/**
 * Asks the API server for its version, as someone it knows. Gives the version (`v1.37.2`). Throws
 * InfrastructureError where nobody answers, UsageError where it does not accept the credentials.
 */
export async function checkAccess(
  client: KubeClient,
  { context, server }: ClusterNames,
  signal: AbortSignal,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      // Anybody may ask for the version; only who is known may ask for what is permitted.
      await client.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        type: "application/json",
        content: { spec: { nonResourceAttributes: { path: "/version", verb: "get" } } },
      });
      const { gitVersion } = (await client.request("GET", "/version")) as { gitVersion: string };
      return gitVersion;
    } catch (error) {
      if (!isExpected(error))
        throw new UsageError(`the credentials of context ${context} cannot be had: ${firstLine(error)}`, {
          cause: error,
          fix: "Log in, and make sure that kubectl version works with this context.",
        });
      if (error instanceof ApiError && (error.status === 401 || error.status === 403))
        throw new UsageError(`${server} does not accept the credentials of context ${context}`, {
          cause: error,
          fix: "Log in again, and make sure that kubectl version works with this context.",
        });
      if (attempt < attempts) await sleep(pauseMs, undefined, { signal });
      else
        throw new InfrastructureError(
          `the cluster of context ${context} cannot be reached at ${server}: ${reasonOf(error)}`,
          { cause: error, fix: "Start it, or the tunnel or VPN that leads to it." },
        );
    }
  }
}

function reasonOf(error: Error): string {
  return error.message.replace(/^.*?: /, "");
}

function firstLine(error: unknown): string {
  return messageOf(error).split("\n")[0] ?? "";
}
