import type { EngineRequest } from "../../src/engine/engine.ts";
import { discover, listEverything, pathOf, title } from "../../src/engine/existing/listing.ts";
import { simulatedEngine } from "../../src/engine/simulated/simulated-engine.ts";
import { connect, type KubeClient, type KubeObject } from "../../src/kubernetes/client.ts";
import { type Log, silentLog } from "../../src/runner/log.ts";
import { ownProcesses } from "../../src/runner/owned-processes.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import type { Toolchain } from "../../src/toolchain/toolchain.ts";
import { noSettings } from "./contract.ts";

/** Somebody's cluster: a real control plane whose nodes are simulated. */
export interface SomeCluster extends AsyncDisposable {
  client: KubeClient;
  kubeconfig: string;
  toolchain: Toolchain;
  folder: string;
  /** What the engine under test is given. `told` collects its warnings and remarks. */
  request(signal?: AbortSignal): EngineRequest & { told: string[] } & AsyncDisposable;
  /** Creates an object as `manager` would, through server-side apply. */
  as(manager: string, object: KubeObject): Promise<KubeObject>;
  /** Titles of all objects that somebody made. */
  titles(): Promise<string[]>;
}

const { signal: never } = new AbortController();

export async function someCluster(): Promise<SomeCluster> {
  const toolchain = await resolveToolchain({ log: silentLog });
  const processes = ownProcesses();
  const settings = async () => noSettings;
  const cluster = await simulatedEngine
    .start({ toolchain, settings, processes, log: silentLog, signal: never })
    .catch(async (error: unknown) => {
      await processes[Symbol.asyncDispose]();
      throw error;
    });
  const client = connect(cluster.kubeconfig);
  return {
    client,
    kubeconfig: cluster.kubeconfig,
    toolchain,
    folder: processes.folder,
    request(signal = never) {
      const own = ownProcesses();
      const told: string[] = [];
      const log: Log = { ...silentLog, info: (line) => told.push(line), warn: (line) => told.push(line) };
      const existing = {
        context: undefined,
        named: false,
        mirror: { bind: "127.0.0.1", host: "mirror.example.com" },
      };
      return {
        toolchain,
        settings: async () => ({ ...noSettings, existing }),
        processes: own,
        log,
        signal,
        told,
        [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
      };
    },
    async as(manager, object) {
      const { resources } = await discover(client);
      const [version = "", group = ""] = object.apiVersion.split("/").reverse();
      const resource = resources.find((one) => one.kind === object.kind && one.group === group);
      if (!resource) throw new Error(`no ${object.kind} in ${object.apiVersion}`);
      const path = pathOf({ ...resource, version }, object.metadata.namespace, object.metadata.name);
      return (await client.request("PATCH", `${path}?fieldManager=${manager}&force=true`, {
        type: "application/apply-patch+yaml",
        content: object,
      })) as KubeObject;
    },
    titles: () => titlesOf(client),
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await processes[Symbol.asyncDispose]();
    },
  };
}

/** Titles and UIDs of all objects that somebody made. */
export async function titlesOf(client: KubeClient): Promise<string[]> {
  const { objects } = await listEverything(client);
  const made = objects.filter(({ resource }) => !transient.has(resource.kind));
  return made.map((object) => `${title(object)} ${object.uid}`).sort();
}

/** What controllers make and forget as time goes by. */
const transient = new Set(["Lease", "EndpointSlice", "Endpoints", "Pod", "IPAddress"]);
