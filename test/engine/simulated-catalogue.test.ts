import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { argoHealth, type CheckedKind, type JsonObject, withoutGo } from "../../ci/catalogue/argo-health.ts";
import { leftOut } from "../../ci/catalogue/left-out.ts";
import { deriveFiles, staleFiles } from "../../ci/catalogue/stages.ts";
import { simulatedEngine } from "../../src/engine/simulated/simulated-engine.ts";
import type { KubeObject } from "../../src/kubernetes/client.ts";
import { noSettings, start } from "./contract.ts";
import { applyWhenServed, definition, namespace } from "./simulation-fixture.ts";

const unavailable = await withoutGo();
const playedWithinMs = 120_000;
const atOnce = 8;

test.skipIf(unavailable)("the derived stages are as Argo CD's health checks would have them", async () => {
  await using health = await argoHealth();
  expect(await staleFiles(await deriveFiles(health))).toEqual([]);
});

test.skipIf(unavailable)(
  "each kind that Argo CD has a check for is healthy once its stage was played",
  async () => {
    await using health = await argoHealth();
    await using run = await start(simulatedEngine, { settings: async () => noSettings });
    const { client, cluster } = run;
    const kinds = (await health.kinds()).filter(({ group, kind }) => !leftOut[`${group}/${kind}`]);
    expect(kinds.length).toBeGreaterThan(250);
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });

    const objects = kinds.flatMap(samplesOf);
    const byKind = Map.groupBy(objects, ({ apiVersion, kind }) => `${groupOf(apiVersion)}/${kind}`);
    await inTurns([...byKind.values()], (samples) => client.apply(definitionOf(samples)));
    await inTurns(objects, (object) => applyWhenServed(client, object));

    let ill: string[] = [];
    const deadline = Date.now() + playedWithinMs;
    do {
      await sleep(1_000);
      const states = await Promise.all(
        objects.map(async (object) => {
          const { apiVersion, kind, metadata } = object;
          const read = await client.read({ apiVersion, kind, name: metadata.name, namespace });
          const { status, message } = await health.check(read as unknown as JsonObject);
          return { name: `${apiVersion} ${kind} ${metadata.name}`, status, message };
        }),
      );
      ill = states.flatMap(({ name, status, message }) =>
        status === "Healthy" ? [] : [`${name}: ${status}: ${message}`],
      );
    } while (ill.length > 0 && Date.now() < deadline && !cluster.lost.aborted);
    expect(cluster.lost.aborted, String(cluster.lost.reason)).toBe(false);
    expect(ill).toEqual([]);
  },
);

/** What Argo CD tests its check with, without the status; only the healthy ones, as a spec may ask for a rest. */
function samplesOf({ kind, healthy }: CheckedKind): KubeObject[] {
  return healthy.map((sample, index) => {
    const { apiVersion, kind: own, metadata, status: _, ...rest } = sample;
    const { labels, annotations } = (metadata ?? {}) as { labels?: object; annotations?: object };
    return {
      ...rest,
      apiVersion: String(apiVersion),
      kind: String(own),
      metadata: {
        name: `${kind.toLowerCase().replace("_", "any")}-${index}`,
        namespace,
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
      },
    } as KubeObject;
  });
}

/** The samples of one kind may be of several versions. */
function definitionOf(samples: readonly KubeObject[]): KubeObject {
  const [{ apiVersion, kind } = { apiVersion: "", kind: "" }] = samples;
  const versions = new Set(samples.map((sample) => sample.apiVersion.split("/")[1] ?? ""));
  return definition(
    groupOf(apiVersion),
    kind,
    [...versions].map((name) => ({ name })),
  );
}

function groupOf(apiVersion: string): string {
  return apiVersion.split("/")[0] ?? "";
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
