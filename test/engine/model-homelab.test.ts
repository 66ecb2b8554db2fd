import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../../src/engine/engines.ts";
import { rehearse } from "../../src/rehearsal/rehearse.ts";
import type { Verdict } from "../../src/rehearsal/verdict.ts";
import { openCheckout } from "../../src/repository/checkout.ts";
import { loadConfig } from "../../src/repository/config.ts";
import { silentLog } from "../../src/runner/log.ts";
import { chartsAreThere, modelHomelab, rehearseOffline } from "./model-homelab.ts";
import { type Fault, faultGroups, lateFaultGroups } from "./model-homelab-faults.ts";
import { observed } from "./takeover.ts";

/** Areas and what is in them, in the order of their waves. Pages come from an ApplicationSet, which waits for none. */
const areas = {
  infrastructure: [
    ["storage", "ingress", "cert-manager"],
    ["certificate-authority", "argocd"],
  ],
  monitoring: [["kube-prometheus-stack"], ["service-monitors"]],
  applications: [["ntfy", "podinfo"]],
} as const satisfies Record<string, readonly (readonly string[])[]>;
const pages = ["page-garden", "page-welcome"];
const everyone = [
  "root",
  ...Object.entries(areas).flatMap(([area, waves]) => [area, ...waves.flat()]),
  ...pages,
];

/** All that cannot be there, or not be Healthy, while one is broken. Nobody waits for a page. */
function waitingFor(broken: string): string[] {
  const names = Object.keys(areas) as (keyof typeof areas)[];
  const index = names.findIndex((area) =>
    areas[area].some((wave: readonly string[]) => wave.includes(broken)),
  );
  const area = names[index];
  if (area === undefined) return [];
  const waves: readonly (readonly string[])[] = areas[area];
  const at = waves.findIndex((wave) => wave.includes(broken));
  const later = names.slice(index + 1);
  const below = later.flatMap((other): string[] => [other, ...areas[other].flat()]);
  return ["root", area, ...waves.slice(at + 1).flat(), ...below, ...(later.length > 0 ? pages : [])];
}

describe.skipIf(!chartsAreThere)("the model homelab, with no network (needs ../shared/charts)", () => {
  let cache: string;

  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), "model-homelab-cache-"));
  });
  afterAll(() => rm(cache, { recursive: true, force: true }));

  test("is green, says what was not exercised, and Argo CD takes itself over without changing anything", async () => {
    await using own = await modelHomelab(cache);
    const watched = observed(engines.simulated);
    const verdict = await rehearse({
      checkout: await openCheckout(own.folder),
      base: "main",
      worktree: false,
      fetch: false,
      engine: watched.engine,
      engineFor: () => watched.engine,
      config: await loadConfig(own.folder),
      configFrom: "checkout",
      overrides: { offline: true, cache },
      guardHost: false,
      log: silentLog,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    expect(verdict.result, verdict.summary).toBe("passed");
    expect(verdict.applications.map(({ name }) => name)).toEqual([...everyone].sort());
    for (const application of verdict.applications) {
      expect(application).toMatchObject({ state: "passed", sync: "Synced", health: "Healthy" });
    }
    expect(verdict.argocd?.source).toBe("chart argo-cd 10.1.1");
    expectFidelity(verdict);

    const takeover = watched.takeover();
    expect(takeover).toMatchObject({ left: [], added: [], changed: [] });
    expect(takeover.taken.length).toBeGreaterThan(40);
    expect(takeover.deployments).toBe(4);
    expect(takeover.replicaSets, "a second ReplicaSet would be a rollout").toBe(4);
  });

  describe.concurrent("with Applications broken", () => {
    test.for(cases(faultGroups))("%s", ([, faults]) => expectRed(faults));
  });

  const long = process.env.REHEARSAL_LONG_TESTS === "1";
  describe.skipIf(!long)(
    "with Applications of later areas broken (long: npm run test:long)",
    { concurrent: true },
    () => {
      test.for(cases(lateFaultGroups))("%s", ([, faults]) => expectRed(faults));
    },
  );

  async function expectRed(faults: readonly Fault[]): Promise<void> {
    const branch = faults.map(({ application }) => application).join("-");
    await using own = await modelHomelab(cache);
    await own.change(branch, faults);
    const { exitCode, verdict, stderr } = await rehearseOffline(own, branch, cache);
    expect({ exitCode, result: verdict.result }, stderr).toEqual({ exitCode: 1, result: "failed" });
    for (const { application, code, message } of faults) {
      const found = verdict.applications.find(({ name }) => name === application);
      expect(found?.reason, application).toMatchObject({ code, class: "change" });
      expect(found?.reason?.message).toMatch(message);
    }
    expect(states(verdict), stderr).toEqual(expectedStates(faults, verdict));
  }
});

function cases(groups: typeof faultGroups) {
  return groups.map((faults) => [faults.map(named).join("; "), faults] as const);
}

function named({ application, name }: Fault): string {
  return `${application}: ${name}`;
}

function states({ applications }: Verdict): Record<string, string> {
  return Object.fromEntries(applications.map(({ name, state }) => [name, state]));
}

/** What an Application of a later area would bring is not known yet, so the verdict may not name it. */
function expectedStates(faults: readonly Fault[], verdict: Verdict): Record<string, string> {
  const broken = faults.map(({ application }) => application);
  const waiting = new Set(broken.flatMap(waitingFor));
  const known = new Set(verdict.applications.map(({ name }) => name));
  const stateOf = (name: string) =>
    broken.includes(name) ? "failed" : waiting.has(name) ? "waiting" : "passed";
  return Object.fromEntries(
    everyone.filter((name) => known.has(name) || !waiting.has(name)).map((name) => [name, stateOf(name)]),
  );
}

/** Each Application whose proof is not complete says so, of exactly what a simulation cannot show. */
function expectFidelity({ applications }: Verdict): void {
  const notProven = (name: string) =>
    applications
      .find((application) => application.name === name)
      ?.notProven.flatMap(({ resources }) => resources);
  expect(notProven("ingress")).toEqual(
    expect.arrayContaining(["apps/Deployment ingress/traefik", "Service ingress/traefik"]),
  );
  expect(notProven("certificate-authority")?.join(" ")).toMatch(/ClusterIssuer .*homelab/);
  expect(notProven("kube-prometheus-stack")?.join(" ")).toMatch(
    /Prometheus monitoring\/kube-prometheus-stack-prometheus/,
  );
  expect(notProven("ntfy")).toEqual(
    expect.arrayContaining(["apps/Deployment ntfy/ntfy", "PersistentVolumeClaim ntfy/ntfy"]),
  );
}
