import { readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { either, nearest } from "../../repository/nearest.ts";
import { messageOf, UsageError } from "../../runner/errors.ts";
import type { ClusterNames } from "./production.ts";

type Mapping = Record<string, unknown>;

interface Entry {
  name: string;
  /** The part of the file under the entry's own key: `cluster`, `user` or `context`. */
  content: Mapping;
  /** The folder of the file that it came from: paths in it are relative to that. */
  folder: string;
}

export interface LoadedKubeconfig {
  clusters: readonly Entry[];
  users: readonly Entry[];
  contexts: readonly Entry[];
  current: string | undefined;
  /** The files that there were, for messages. */
  files: readonly string[];
}

/** What a kubeconfig says about one context. */
export interface Access extends ClusterNames {
  /** Whether requests go through a proxy of its own. */
  proxied: boolean;
  /** A kubeconfig with this context alone and no path that depends on where it lies. */
  minified: Mapping;
}

/**
 * Reads kubeconfigs as kubectl does: the files of KUBECONFIG or `~/.kube/config`, of which the first to
 * name something wins. Throws UsageError where there is none, or one is no kubeconfig.
 *
 * The library's own loader is not used: it refuses what two files name alike, and drops fields that it
 * does not know, such as `tls-server-name`.
 */
export async function loadKubeconfig(env: Record<string, string | undefined>): Promise<LoadedKubeconfig> {
  const home = join(env.HOME ?? homedir(), ".kube/config");
  const named = (env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  const paths = (named.length === 0 ? [home] : named).map((path) => resolve(path));
  const read = await Promise.all(paths.map(readKubeconfig));
  const files = read.flatMap((file) => file ?? []);
  if (files.length === 0) {
    throw new UsageError(
      `there is no kubeconfig: ${paths.join(", ")} ${paths.length > 1 ? "do" : "does"} not exist`,
      {
        fix: "Set KUBECONFIG to the file of the cluster to rehearse on, or rehearse with --engine k3d or simulated.",
      },
    );
  }
  return {
    clusters: firstOfEachName(files.flatMap(({ clusters }) => clusters)),
    users: firstOfEachName(files.flatMap(({ users }) => users)),
    contexts: firstOfEachName(files.flatMap(({ contexts }) => contexts)),
    current: files.map(({ current }) => current).find((current) => current !== undefined),
    files: files.map(({ path }) => path),
  };
}

async function readKubeconfig(path: string) {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined; // as kubectl does
    throw new UsageError(`cannot read the kubeconfig ${path}: ${messageOf(cause)}`, { cause });
  }
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (cause) {
    throw new UsageError(`${path} is no kubeconfig: ${messageOf(cause).split("\n")[0]}`, { cause });
  }
  if (!isMapping(content)) throw new UsageError(`${path} is no kubeconfig: it is no mapping`);
  const folder = dirname(path);
  const current = content["current-context"];
  return {
    path,
    clusters: entriesOf(content.clusters, "cluster", folder),
    users: entriesOf(content.users, "user", folder),
    contexts: entriesOf(content.contexts, "context", folder),
    current: typeof current === "string" && current !== "" ? current : undefined,
  };
}

function entriesOf(list: unknown, key: string, folder: string): Entry[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown) => {
    if (!isMapping(item) || typeof item.name !== "string") return [];
    const content = item[key];
    return [{ name: item.name, content: isMapping(content) ? content : {}, folder }];
  });
}

function firstOfEachName(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ name }, index) => entries.findIndex((other) => other.name === name) === index);
}

/**
 * Everything that is needed for one context, by default the current one. Certificates and keys are taken
 * in; plugins stay as they are. The context's namespace is left out: what names none belongs into
 * `default` on every engine. Throws UsageError where context, cluster or user are not there.
 */
export async function accessOf(config: LoadedKubeconfig, wanted: string | undefined): Promise<Access> {
  const known = config.contexts.map(({ name }) => name);
  const name = wanted ?? config.current;
  if (name === undefined) {
    throw new UsageError(`no context is the current one in ${config.files.join(", ")}`, {
      fix: "Name one as existing.context in the configuration, or run kubectl config use-context.",
    });
  }
  const context = config.contexts.find((candidate) => candidate.name === name);
  if (!context) {
    const near = nearest(name, known);
    throw new UsageError(`there is no context ${name} in ${config.files.join(", ")}`, {
      fix:
        near.length > 0
          ? `Did you mean ${either(near)}?`
          : `There ${known.length === 0 ? "is none at all" : `are ${known.slice(0, 8).join(", ")}`}.`,
    });
  }
  const cluster = entryOf(config.clusters, "cluster", context);
  const user = entryOf(config.users, "user", context);
  const server = cluster.content.server;
  if (typeof server !== "string" || !URL.canParse(server))
    throw new UsageError(`cluster ${cluster.name} of context ${name} has no server`);
  const { namespace } = context.content;
  return {
    context: name,
    cluster: cluster.name,
    user: user.name,
    namespace: typeof namespace === "string" ? namespace : undefined,
    server,
    proxied: typeof cluster.content["proxy-url"] === "string",
    minified: {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: cluster.name, cluster: await selfContained(cluster) }],
      users: [{ name: user.name, user: await selfContained(user) }],
      contexts: [{ name, context: { cluster: cluster.name, user: user.name } }],
      "current-context": name,
    },
  };
}

/** Writes it where only the current user can read it, and gives its path. */
export async function writeKubeconfig(access: Access, folder: string): Promise<string> {
  const path = join(folder, "existing.kubeconfig");
  await writeFile(path, stringify(access.minified), { mode: 0o600 });
  return path;
}

function entryOf(entries: readonly Entry[], kind: "cluster" | "user", context: Entry): Entry {
  const name = context.content[kind];
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry) return entry;
  throw new UsageError(
    typeof name === "string"
      ? `context ${context.name} names a ${kind} ${name} that no kubeconfig describes`
      : `context ${context.name} names no ${kind}`,
  );
}

const inlined = ["certificate-authority", "client-certificate", "client-key"];

async function selfContained({ content, folder }: Entry): Promise<Mapping> {
  const { extensions: _, ...result } = content;
  for (const key of inlined) {
    const path = result[key];
    if (typeof path !== "string") continue;
    delete result[key];
    if (path !== "") result[`${key}-data`] ??= await readAsData(resolve(folder, path));
  }
  // The token is read again and again, because whoever writes that file renews it.
  if (typeof result.tokenFile === "string") result.tokenFile = resolve(folder, result.tokenFile);
  if (isMapping(result.exec)) result.exec = { ...result.exec, ...absolute(result.exec, "command", folder) };
  const provider = result["auth-provider"];
  if (isMapping(provider) && isMapping(provider.config)) {
    const config = { ...provider.config, ...absolute(provider.config, "cmd-path", folder) };
    result["auth-provider"] = { ...provider, config };
  }
  return result;
}

async function readAsData(path: string): Promise<string> {
  try {
    return (await readFile(path)).toString("base64");
  } catch (cause) {
    throw new UsageError(`cannot read ${path}, which the kubeconfig names: ${messageOf(cause)}`, { cause });
  }
}

/** A command without a slash is looked up in the PATH. */
function absolute(content: Mapping, key: string, folder: string): Mapping {
  const command = content[key];
  return typeof command === "string" && command.includes("/") ? { [key]: resolve(folder, command) } : {};
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
