import { change, type Failure, failing, infrastructure, type Look, working } from "./failure.ts";
import type { Claim, Event } from "./objects.ts";

interface MountRule {
  pattern: RegExp;
  failure(message: string, beganAt: number): Failure;
}

const tried = (beganAt: number) => ({ when: "tried", beganAt }) as const;

/** What the events `FailedMount` and `FailedAttachVolume` say (pkg/volume and the CSI drivers). In order. */
const mountRules: readonly MountRule[] = [
  // The kubelet's caches of a Pod that has just come.
  {
    pattern: /failed to sync (?:configmap|secret) cache|object "[^"]*" not registered|kube-root-ca\.crt/,
    failure: (message) => change("volume", message, { when: "lasting", ms: 180_000 }),
  },
  // Directories of the machines that the change is meant for, which this one is not.
  {
    pattern: /hostPath type check failed|is not a (?:directory|file|socket|block device|character device)$/,
    failure: (message) => infrastructure("unsupported", message, { when: "lasting", ms: 30_000 }),
  },
  {
    pattern: /no space left|too many open files|read-only file system/i,
    failure: (message) => infrastructure("machine", message, { when: "lasting", ms: 30_000 }),
  },
  // A share of the home's own network, or the program that mounts it.
  {
    pattern:
      /mount\.(?:nfs|cifs)|mount failed: exit status|connection (?:timed out|refused)|no route to host|deadline exceeded/i,
    failure: (message) => infrastructure("unsupported", message, { when: "lasting", ms: 90_000 }),
  },
  {
    pattern: /not found|non-existent|couldn't find|driver name .* not found/i,
    failure: (message, beganAt) => change("volume", message, tried(beganAt)),
  },
];

const mountEvents = ["FailedMount", "FailedAttachVolume", "FailedMapVolume"];
const sandboxEvents = ["FailedCreatePodSandBox", "NetworkNotReady"];

/** An event as it was seen, `seenAt` by our clock. */
export interface SeenEvent {
  event: Event;
  seenAt: number;
}

/** Why a Pod that a node has taken cannot begin: the last event about its volumes or its sandbox. */
export function preparationFailure(events: readonly SeenEvent[]): Failure | undefined {
  const last = events.findLast(({ event }) =>
    [...mountEvents, ...sandboxEvents].includes(event.reason ?? ""),
  );
  if (!last) return undefined;
  const { message = "", reason = "" } = last.event;
  if (sandboxEvents.includes(reason))
    return infrastructure("machine", `the Pod's sandbox cannot be made: ${message}`, {
      when: "lasting",
      ms: 60_000,
    });
  // The sum of what the others say in detail, after two minutes.
  const said = message.startsWith("Unable to attach or mount volumes")
    ? (events.findLast(
        ({ event }) => mountEvents.includes(event.reason ?? "") && event.message?.startsWith("Mount"),
      )?.event.message ?? message)
    : message;
  const text = said.replace(
    /^MountVolume\.\w+ failed for volume "([^"]*)" : /,
    'volume "$1" cannot be mounted: ',
  );
  const rule = mountRules.find(({ pattern }) => pattern.test(text));
  return rule?.failure(text, last.seenAt) ?? change("volume", text, tried(last.seenAt));
}

/** Pods that use a claim. */
export interface ClaimUse {
  used: boolean;
}

/** Why a claim is not bound. `events` are its own, the newest last. */
export function examineClaim(
  { metadata, spec, status }: Claim,
  events: readonly Event[],
  { used }: ClaimUse,
): Look {
  if (status?.phase === "Bound") return { state: "well" };
  const named = `claim ${metadata.name}`;
  if (status?.phase === "Lost")
    return failing(change("volume", `${named} has lost its volume`, { when: "quiet" }));
  const last = events.findLast(({ reason }) =>
    ["ProvisioningFailed", "FailedBinding", "ExternalProvisioning", "WaitForFirstConsumer"].includes(
      reason ?? "",
    ),
  );
  const quiet = { when: "quiet" } as const;
  switch (last?.reason) {
    case "ProvisioningFailed":
    case "FailedBinding": {
      const said = last.message ?? "";
      const named_ = spec?.storageClassName ? `${named} (class ${spec.storageClassName})` : named;
      return failing(change("volume", `${named_} gets no volume: ${said}`, quiet));
    }
    case "ExternalProvisioning": {
      const provisioner = /external provisioner '([^']*)'/.exec(last.message ?? "")?.[1] ?? "?";
      return failing(
        change("volume", `${named} gets no volume: its provisioner ${provisioner} has made none yet`, quiet),
      );
    }
    case "WaitForFirstConsumer":
      return used
        ? working(`${named} waits for its Pod`)
        : failing(change("volume", `${named} waits for its first consumer, and no Pod uses it`, quiet));
    default:
      return working(`${named} is not bound yet`);
  }
}
