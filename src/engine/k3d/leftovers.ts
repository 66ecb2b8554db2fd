import { setTimeout as sleep } from "node:timers/promises";
import { InfrastructureError, isExpected, messageOf } from "../../runner/errors.ts";
import type { Log } from "../../runner/log.ts";
import { docker, dockerLines, tryDocker } from "./docker.ts";
import { formatOwner, isGone, type Owner, parseOwner, type Viewpoint } from "./owner.ts";

/** Whose a cluster is, on its volume of the same name and on its nodes. */
export const ownerLabel = "rehearsal.owner";
/** k3d's own label, on every container and volume of a cluster. Networks have none: they go by their names. */
const clusterLabel = "k3d.cluster";

/** Longest that taking a cluster away may last; a node with many containers takes seconds. */
const removalMs = 60_000;

/** Only such names are ever removed, whatever a label says. */
const ourNames = /^rehearsal-[0-9a-z]{1,22}$/;

/**
 * Marks a cluster as ours before there is anything of it, by an empty volume with its name: wherever this
 * run is killed, what there is by then can be found again.
 */
export async function claim(name: string, owner: Owner, signal: AbortSignal): Promise<void> {
  await docker(["volume", "create", "--label", `${ownerLabel}=${formatOwner(owner)}`, name], { signal });
}

/** The name that k3d gives the network of a cluster. */
export function networkOf(name: string): string {
  return `k3d-${name}`;
}

/** Names of clusters of ours with their owners, of which anything is left. */
export async function ownedClusters(signal?: AbortSignal): Promise<{ name: string; owner: Owner }[]> {
  const filter = ["--filter", `label=${ownerLabel}`, "--format"];
  const [volumes, containers] = await Promise.all([
    dockerLines(["volume", "ls", ...filter, `{{.Name}}\t{{.Label "${ownerLabel}"}}`], { signal }),
    dockerLines(["ps", "--all", ...filter, `{{.Label "${clusterLabel}"}}\t{{.Label "${ownerLabel}"}}`], {
      signal,
    }),
  ]);
  const found = new Map<string, Owner>();
  for (const line of [...volumes, ...containers]) {
    const [name = "", label = ""] = line.split("\t");
    const owner = parseOwner(label);
    if (ourNames.test(name) && owner) found.set(name, owner);
  }
  return [...found].map(([name, owner]) => ({ name, owner }));
}

/** Removes the clusters of runs that are gone. What cannot be removed is a warning: it is in nobody's way. */
export async function removeLeftovers(view: Viewpoint, log: Log, signal: AbortSignal): Promise<void> {
  for (const { name, owner } of await ownedClusters(signal)) {
    signal.throwIfAborted();
    if (!(await isGone(owner, view))) continue;
    try {
      await removeCluster(name);
      log.info(`Removed the cluster ${name} that an earlier run has left`);
    } catch (error) {
      if (!isExpected(error)) throw error;
      log.warn(`${error.message}. An earlier run has left it.`);
    }
  }
}

/**
 * Removes all of a cluster of ours: containers, network, volumes, and last of all the mark of `claim`. What is
 * gone already is fine. `interrupted` says that k3d was killed in the middle, so that the daemon may still be
 * making what it was asked for. Throws InfrastructureError with what is left after a minute.
 */
export async function removeCluster(name: string, { interrupted = false } = {}): Promise<void> {
  if (!ourNames.test(name)) throw new Error(`${name} is no cluster of ours`);
  const deadline = Date.now() + removalMs;
  const looks = interrupted ? 4 : 1;
  let failure = "";
  for (let empty = 0; empty < looks; ) {
    const found = await remainsOf(name);
    const count = found.containers.length + found.networks.length + found.volumes.length;
    empty = count === 0 ? empty + 1 : 0;
    if (count > 0) failure = await remove(found);
    if (Date.now() > deadline) throw leftBehind(name, found, failure);
    if (empty < looks) await sleep(interrupted ? 250 : 100);
  }
  await tryDocker(["volume", "rm", "--force", name]);
}

interface Remains {
  containers: string[];
  networks: string[];
  volumes: string[];
}

/** What Docker has of a cluster of ours, besides the mark of `claim`. */
export async function remainsOf(name: string): Promise<Remains> {
  const byLabel = ["--filter", `label=${clusterLabel}=${name}`];
  const [containers, networks, volumes] = await Promise.all([
    dockerLines(["ps", "--all", "--quiet", ...byLabel]),
    dockerLines(["network", "ls", "--quiet", "--filter", `name=^${networkOf(name)}$`]),
    dockerLines(["volume", "ls", "--quiet", ...byLabel]),
  ]);
  return { containers, networks, volumes };
}

/** Gives what went wrong, to be told should it not go better the next time. */
async function remove({ containers, networks, volumes }: Remains): Promise<string> {
  const failures: string[] = [];
  const attempt = async (...args: string[]) => {
    try {
      const { exitCode, stderr } = await tryDocker(args, { timeoutMs: removalMs / 2 });
      if (exitCode !== 0) failures.push(stderr.trim());
    } catch (error) {
      failures.push(messageOf(error));
    }
  };
  // --volumes takes the anonymous ones along, which carry no label.
  if (containers.length > 0) await attempt("rm", "--force", "--volumes", ...containers);
  for (const network of networks) {
    for (const guest of await guestsOf(network))
      await attempt("network", "disconnect", "--force", network, guest);
    await attempt("network", "rm", network);
  }
  if (volumes.length > 0) await attempt("volume", "rm", "--force", ...volumes);
  return failures.join("; ");
}

/** Containers of others in a network: a registry that several clusters use. */
async function guestsOf(network: string): Promise<string[]> {
  const format = "{{range $id, $_ := .Containers}}{{println $id}}{{end}}";
  const { exitCode, stdout } = await tryDocker(["network", "inspect", "--format", format, network]);
  return exitCode === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
}

function leftBehind(name: string, found: Remains, why: string): InfrastructureError {
  const list = Object.entries(found).flatMap(([kind, ids]) =>
    ids.length === 0 ? [] : `${ids.length} ${kind}`,
  );
  return new InfrastructureError(
    `${list.join(", ")} of the cluster ${name} could not be removed${why === "" ? "" : `: ${why}`}`,
    { fix: `k3d cluster delete ${name}` },
  );
}
