import { expect, test } from "vitest";
import type { ArgoHealth, CheckedKind, JsonObject } from "./argo-health.ts";
import { derive, fillIn, objectAt } from "./derive.ts";

/** A check in place of Argo CD's, which test/engine asks. */
function checking(isHealthy: (object: JsonObject) => boolean): ArgoHealth {
  return {
    kinds: async () => [],
    check: async (object) => ({ status: isHealthy(object) ? "Healthy" : "Progressing", message: "" }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function kind(...statuses: JsonObject[]): CheckedKind {
  const healthy = statuses.map((status) => ({
    apiVersion: "example.com/v1",
    kind: "Thing",
    metadata: { name: "one", generation: 3 },
    spec: { replicas: 2 },
    status,
  }));
  return { group: "example.com", kind: "Thing", healthy, others: [] };
}

test("what a check does not ask for is left out, and what it asks for is made general", async () => {
  const health = checking(({ metadata, spec, status }) => {
    const { observedGeneration, readyReplicas } = objectAt(status);
    return observedGeneration === objectAt(metadata).generation && readyReplicas === objectAt(spec).replicas;
  });
  const derived = await derive(
    health,
    kind({ observedGeneration: 3, readyReplicas: 2, replicas: 2, url: "a" }),
  );
  expect(derived).toEqual({
    group: "example.com",
    kind: "Thing",
    version: "v1",
    status: {
      observedGeneration: "{{ .metadata.generation }}",
      readyReplicas: "{{ or .spec.replicas 1 }}",
    },
    samples: 1,
    healthy: 1,
  });
});

test("a condition keeps what a schema may ask for, with words of ours where the check allows", async () => {
  const ready = (status: JsonObject) => {
    const conditions = Array.isArray(status.conditions) ? status.conditions.map(objectAt) : [];
    return conditions.some(
      ({ type, status: state, reason }) => type === "Ready" && state === "True" && reason === "Up",
    );
  };
  const conditions = [
    { type: "Other", status: "True", reason: "A", message: "b" },
    {
      type: "Ready",
      status: "True",
      reason: "Up",
      message: "all is well",
      lastTransitionTime: "2020-01-01T00:00:00Z",
    },
  ];
  const derived = await derive(
    checking(({ status }) => ready(objectAt(status))),
    kind({ conditions }),
  );
  expect(derived?.status).toEqual({
    conditions: [
      {
        type: "Ready",
        status: "True",
        lastTransitionTime: "{{ .metadata.creationTimestamp | Quote }}",
        reason: "Up",
        message: "no operator ran",
      },
    ],
  });
});

test("of two samples that make as many healthy, the one that is not at rest counts", async () => {
  const health = checking(({ status }) => objectAt(status).phase !== undefined);
  const derived = await derive(health, kind({ phase: "Off/Paused" }, { phase: "Running and well" }));
  expect(derived?.status).toEqual({ phase: "Running and well" });
});

test("a kind that no status makes healthy has none", async () => {
  expect(
    await derive(
      checking(() => false),
      kind({ phase: "Running" }),
    ),
  ).toBeUndefined();
});

test("templates take their values from the object, as KWOK's do", () => {
  const object = { metadata: { generation: 4, creationTimestamp: "2026-01-01T00:00:00Z" }, spec: {} };
  const status = [
    "{{ .metadata.generation }}",
    { at: "{{ .metadata.creationTimestamp | Quote }}" },
    "{{ or .spec.replicas 1 }}",
  ];
  expect(fillIn(status, object)).toEqual([4, { at: "2026-01-01T00:00:00Z" }, 1]);
});
