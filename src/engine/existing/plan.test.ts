import { expect, test } from "vitest";
import { decodeFindings, encodeFindings } from "./evidence.ts";
import { decodeInventory, keyOf, takeInventory } from "./inventory.ts";
import { title } from "./listing.ts";
import { by, evidenceOf, meta, trackedBy } from "./meta-fixture.ts";
import { deletionsOf, planCleanUp } from "./plan.ts";

test("what blocks others goes first, and what others are made of last", () => {
  const volume = meta("PersistentVolume pvc-1");
  const evidence = evidenceOf([], {
    definitions: new Set(["applications.argoproj.io", "foals.example.com"]),
    namespaces: new Set(["web"]),
    dependents: new Set([keyOf(volume)]),
  });
  const applications = meta("argoproj.io/Application argocd/web");
  const objects = [
    meta("apiextensions.k8s.io/CustomResourceDefinition applications.argoproj.io"),
    volume,
    meta("Namespace web"),
    meta("Service web/web"),
    trackedBy("web", "ConfigMap team/a"),
    meta("example.com/Foal web/a"),
    applications,
    trackedBy("web", "admissionregistration.k8s.io/ValidatingWebhookConfiguration web"),
    meta("ConfigMap team/somebody"),
  ];
  const plan = planCleanUp(objects, evidence);
  expect(deletionsOf(plan).map(title)).toEqual([
    "ValidatingWebhookConfiguration web",
    "Application argocd/web",
    "Foal web/a",
    "Namespace web",
    "ConfigMap team/a",
    "PersistentVolume pvc-1",
    "CustomResourceDefinition applications.argoproj.io",
  ]);
  expect(plan.carried.map(title)).toEqual(["Service web/web"]);
  expect(plan.unknown.map(title)).toEqual(["ConfigMap team/somebody"]);
});

test("the record of the rehearsal is none of these", () => {
  const objects = [
    meta("Namespace gitops-rehearsal", by("rehearsal")),
    meta("ConfigMap gitops-rehearsal/before", by("rehearsal")),
  ];
  const plan = planCleanUp(objects, evidenceOf());
  expect([...deletionsOf(plan), ...plan.unknown]).toEqual([]);
});

test("with nothing new there is nothing to do, whatever the cluster is like", () => {
  const objects = [
    meta("Namespace web"),
    meta("Namespace argocd"),
    meta("argoproj.io/Rollout web/a"),
    trackedBy("theirs", "ConfigMap web/a"),
  ];
  const plan = planCleanUp(objects, evidenceOf(objects));
  expect([...deletionsOf(plan), ...plan.changed, ...plan.unknown]).toEqual([]);
});

test("an inventory is kept in 8 bytes an object, without what has an owner", () => {
  const objects = Array.from({ length: 100 }, (_, index) => meta(`ConfigMap team/${index}`));
  const owned = meta("Pod team/a", { controller: { kind: "ReplicaSet", name: "a" } });
  const inventory = takeInventory([...objects, owned]);
  expect(inventory.size).toBe(100);
  const encoded = inventory.encode();
  expect(encoded.length).toBe(800);
  const decoded = decodeInventory(encoded);
  expect(objects.every((object) => decoded.has(keyOf(object)))).toBe(true);
  expect(decoded.has(keyOf(owned))).toBe(false);
  expect(decoded.has("/ConfigMap/other/1")).toBe(false);
});

test("one object is the same in all versions of its kind", () => {
  const object = meta("autoscaling/HorizontalPodAutoscaler team/a");
  const newer = { ...object, resource: { ...object.resource, version: "v2" } };
  expect(keyOf(newer)).toBe(keyOf(object));
});

test("findings survive being kept", () => {
  const { findings } = evidenceOf([], {
    namespaces: new Set(["web"]),
    declared: new Set(["/ConfigMap/a/b"]),
  });
  expect(decodeFindings(encodeFindings(findings))).toEqual(findings);
  expect(decodeFindings('{"of a later version":["x"]}').namespaces.size).toBe(0);
});
