import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Cluster, ContainerSupport, Engine, EngineSettings } from "../../src/engine/engine.ts";
import { connect, type KubeClient } from "../../src/kubernetes/client.ts";
import { mapping, mappings } from "../../src/repository/untyped.ts";
import { silentLog } from "../../src/runner/log.ts";
import { type OwnedProcesses, ownProcesses } from "../../src/runner/owned-processes.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";

export interface ContractOptions {
  containers: ContainerSupport["kind"];
  /** Asked when the first test begins, so that it may take its time to come by images. */
  settings(): Promise<EngineSettings>;
  /** What there is of this engine outside the folder of a rehearsal; each test leaves it as it was. */
  remains(): Promise<readonly string[]>;
  /** For engines with real containers: serves HTTP on 8080, and answers with the text after `-text`. */
  image?: string;
  /** An engine on somebody's cluster has one of it, and may exercise all that is there. */
  shared?: boolean;
  /** Milliseconds after the call at which a start is aborted. */
  abortAfter: readonly number[];
}

export const noSettings: EngineSettings = {
  simulated: { stages: [] },
  k3d: { config: undefined, images: [], imageCache: undefined },
  existing: { context: undefined, named: false, mirror: { bind: undefined, host: undefined } },
};

/** The tests that every engine has to pass: what the stages after it count on. */
export function describeEngine(engine: Engine, options: ContractOptions): void {
  describe(`the engine ${engine.name}`, () => {
    it("gives a cluster, private to this user, on which objects can be made, and leaves nothing", async () => {
      const before = await options.remains();
      let folder = "";
      {
        await using run = await start(engine, options);
        folder = run.processes.folder;
        const { cluster, client } = run;
        expect(cluster.engine).toBe(engine.name);
        expect(cluster.kubernetesVersion).toMatch(/^v\d+\.\d+\.\d+/);
        expect(await client.request("GET", "/version")).toMatchObject({
          gitVersion: cluster.kubernetesVersion,
        });
        expect((await stat(cluster.kubeconfig)).mode & 0o077).toBe(0);
        expect((await readFile(cluster.kubeconfig, "utf8")).length).toBeGreaterThan(0);
        expect(cluster.containers.kind).toBe(options.containers);
        if (!options.shared) expect(cluster.unexercised.length).toBeGreaterThan(0);

        await makeNamespace(client);
        await client.apply(configMap({ answer: "42" }));
        expect(await client.read(configMapName)).toMatchObject({ data: { answer: "42" } });
        await client.apply(deployment(options.image));
        await untilAvailable(client);
        if (cluster.containers.kind === "real") await expectReality(client, cluster);
        expect(cluster.lost.aborted, String(cluster.lost.reason)).toBe(false);
      }
      await expect(stat(folder)).rejects.toThrow("ENOENT");
      expect(await options.remains()).toEqual(before);
    });

    const itOfItsOwn = options.shared ? () => undefined : it;
    itOfItsOwn("gives two at once that do not disturb each other", async () => {
      const before = await options.remains();
      {
        const [one, two] = await Promise.allSettled([start(engine, options), start(engine, options)]);
        await using stack = new AsyncDisposableStack();
        for (const each of [one, two]) if (each.status === "fulfilled") stack.use(each.value);
        if (one.status === "rejected") throw one.reason;
        if (two.status === "rejected") throw two.reason;
        const clients = [one.value.client, two.value.client] as const;
        for (const [index, client] of clients.entries()) {
          await makeNamespace(client);
          await client.apply(configMap({ mine: String(index) }));
        }
        expect(await clients[0].read(configMapName)).toMatchObject({ data: { mine: "0" } });
        expect(await clients[1].read(configMapName)).toMatchObject({ data: { mine: "1" } });
        await two.value[Symbol.asyncDispose]();
        expect(await clients[0].read(configMapName)).toMatchObject({ data: { mine: "0" } });
        expect(one.value.cluster.lost.aborted, String(one.value.cluster.lost.reason)).toBe(false);
      }
      expect(await options.remains()).toEqual(before);
    });

    it.each(options.abortAfter)("aborted %i ms after the start, throws and leaves nothing", async (ms) => {
      const before = await options.remains();
      let folder = "";
      {
        await using processes = ownProcesses();
        folder = processes.folder;
        const abort = new AbortController();
        const starting = request(options, processes, abort.signal).then((made) => engine.start(made));
        starting.catch(() => undefined);
        await sleep(ms);
        abort.abort(new Error("enough"));
        await expect(starting).rejects.toThrow("enough");
      }
      await expect(stat(folder)).rejects.toThrow("ENOENT");
      expect(await options.remains()).toEqual(before);
    });
  });
}

export interface StartedCluster extends AsyncDisposable {
  cluster: Cluster;
  client: KubeClient;
  processes: OwnedProcesses;
}

/** A cluster with the folder and processes that it needs. */
export async function start(
  engine: Engine,
  options: Pick<ContractOptions, "settings">,
): Promise<StartedCluster> {
  await using stack = new AsyncDisposableStack();
  const processes = stack.use(ownProcesses());
  const cluster = stack.use(
    await engine.start(await request(options, processes, new AbortController().signal)),
  );
  const owned = stack.move();
  return {
    cluster,
    client: connect(cluster.kubeconfig),
    processes,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function request(
  { settings }: Pick<ContractOptions, "settings">,
  processes: OwnedProcesses,
  signal: AbortSignal,
) {
  return {
    toolchain: await resolveToolchain({ log: silentLog }),
    settings,
    processes,
    log: silentLog,
    signal,
  };
}

const namespace = "contract";
const labels = { app: "web" };
const configMapName = { apiVersion: "v1", kind: "ConfigMap", name: "settings", namespace };

async function makeNamespace(client: KubeClient): Promise<void> {
  // Labelled: of an object with nothing but a name the API does not record who made it.
  await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } });
}

function configMap(data: Record<string, string>) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace }, data };
}

function deployment(image = "registry.invalid/web:1") {
  const container = {
    name: "web",
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["-text", '{"it":"ran"}'],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

async function untilAvailable(client: KubeClient): Promise<void> {
  const state = async () => {
    const read = await client.read({ apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace });
    return mapping(read?.status).availableReplicas;
  };
  await expect.poll(state, { timeout: 60_000, interval: 250 }).toBe(1);
}

/** A container ran and answers, and the cluster reaches a server of ours where `mirror` says. */
async function expectReality(client: KubeClient, { containers }: Cluster): Promise<void> {
  const [pod] = (await client.list("v1", "Pod", namespace)).items;
  const [status] = mappings(mapping(pod?.status).containerStatuses);
  expect(status?.containerID).toMatch(/^\w+:\/\/\w+/);
  expect(mapping(status?.state)).toHaveProperty("running");
  const proxy = `/api/v1/namespaces/${namespace}`;
  expect(await client.request("GET", `${proxy}/pods/${pod?.metadata.name}:8080/proxy/`)).toEqual({
    it: "ran",
  });

  if (containers.kind === "none") return;
  const { bind, host, address } = containers.mirror;
  expect(host).not.toBe("");
  expect(["0.0.0.0", "::"]).not.toContain(bind);
  if (address !== undefined) await expectReach(client, { bind, address });
}

/** A node reaches a server of ours: its kubelet is given that server to probe. */
async function expectReach(
  client: KubeClient,
  { bind, address }: { bind: string; address: string },
): Promise<void> {
  const asked: string[] = [];
  const server = createServer((message, response) => {
    asked.push(message.url ?? "");
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, bind, resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const deployed = await client.read({ apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace });
    const [container] = mappings(mapping(mapping(mapping(deployed?.spec).template).spec).containers);
    await client.apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "asks", namespace },
      spec: {
        containers: [
          {
            ...{ name: "web", image: container?.image, imagePullPolicy: "IfNotPresent" },
            readinessProbe: { httpGet: { host: address, port, path: "/from-the-cluster" }, periodSeconds: 1 },
          },
        ],
      },
    });
    await expect.poll(() => asked, { timeout: 30_000 }).toContain("/from-the-cluster");
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
