import { describe, expect, test } from "vitest";
import { keyOf } from "./inventory.ts";
import type { Meta } from "./listing.ts";
import { by, evidenceOf, meta, since, trackedBy } from "./meta-fixture.ts";
import {
  belongingOf,
  isDefinitionOfOurs,
  isNamespaceOfOurs,
  orphanedFinalizers,
  parseTrackingId,
} from "./ours.ts";

const definition = "apiextensions.k8s.io/CustomResourceDefinition";
const helmRelease = (name: string) => ({
  annotations: { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": "argocd" },
});

describe("an object that appeared during a rehearsal is", () => {
  test.each<[string, Meta]>([
    ["tracked for an Application", trackedBy("web", "apps/Deployment team/web")],
    [
      "tracked for an Application outside of Argo CD's namespace",
      trackedBy("argocd_web", "Service team/web"),
    ],
    ["cluster-scoped, and tracked", trackedBy("web", "rbac.authorization.k8s.io/ClusterRole web")],
    [
      "tracked, a hook whose name was made up later",
      meta("batch/Job team/migrate-x7", {
        annotations: { "argocd.argoproj.io/tracking-id": "web:batch/Job:team/" },
      }),
    ],
    [
      "of Argo CD's Helm release",
      meta("rbac.authorization.k8s.io/ClusterRole argocd", helmRelease("argocd")),
    ],
    [
      "that Helm release itself",
      meta("Secret argocd/sh.helm.release.v1.argocd.v1", { labels: { owner: "helm", name: "argocd" } }),
    ],
    [
      "applied by ourselves",
      meta("admissionregistration.k8s.io/MutatingWebhookConfiguration rehearsal-1", by("rehearsal")),
    ],
    ["made by Argo CD for itself", meta("Secret argocd/argocd-initial-admin-secret")],
    ["a definition of Argo CD", meta(`${definition} applications.argoproj.io`)],
  ])("ours: %s", (_, object) => {
    expect(belongingOf(object, evidenceOf())).toBe("ours");
  });

  test.each<[string, Meta]>([
    ["tracked for an Application of another Argo CD", trackedBy("theirs", "ConfigMap team/a")],
    [
      "copied from something tracked",
      meta("ConfigMap team/copy", {
        annotations: { "argocd.argoproj.io/tracking-id": "web:/ConfigMap:team/original" },
      }),
    ],
    [
      "copied into another namespace",
      meta("ConfigMap team/a", { annotations: { "argocd.argoproj.io/tracking-id": "web:/ConfigMap:web/a" } }),
    ],
    [
      "of somebody's Helm release of the same name as an Application",
      meta("ConfigMap team/web", { labels: { "app.kubernetes.io/instance": "web" } }),
    ],
    ["of another Helm release", meta("ConfigMap argocd/other", helmRelease("other"))],
    ["a definition that somebody made", meta(`${definition} foals.example.com`)],
    ["a namespace that nobody of ours made", meta("Namespace web")],
    [
      "applied by an ancient rehearsal",
      meta("ConfigMap team/a", { managers: [{ name: "rehearsal", at: 0 }] }),
    ],
  ])("not: %s", (_, object) => {
    expect(belongingOf(object, evidenceOf())).toBe("unknown");
  });

  test("carried by its owner, or by a namespace of ours", () => {
    const evidence = evidenceOf([], { namespaces: new Set(["web"]) });
    const controller = { kind: "Deployment", name: "web" };
    expect(belongingOf(trackedBy("web", "apps/ReplicaSet team/web-1", { controller }), evidence)).toBe(
      "carried",
    );
    expect(belongingOf(meta("ConfigMap web/by-anyone"), evidence)).toBe("carried");
    expect(belongingOf(meta("Namespace web"), evidence)).toBe("ours");
  });

  test("not worth a word where the cluster makes it everywhere", () => {
    for (const text of [
      "coordination.k8s.io/Lease team/a",
      "ConfigMap team/kube-root-ca.crt",
      "ServiceAccount team/default",
      "Node n",
    ])
      expect(belongingOf(meta(text), evidenceOf())).toBe("foreign");
  });

  test("ours where it is tracked by label, if Argo CD wrote it", () => {
    const evidence = evidenceOf([], { trackingLabels: new Set(["app.kubernetes.io/instance"]) });
    const labels = { "app.kubernetes.io/instance": "web" };
    expect(belongingOf(meta("ConfigMap team/a", { labels, ...by("argocd-controller") }), evidence)).toBe(
      "ours",
    );
    expect(belongingOf(meta("ConfigMap team/a", { labels, ...by("helm") }), evidence)).toBe("unknown");
  });

  test("ours where its definition is, whoever made it", () => {
    const evidence = evidenceOf([], {
      definitions: new Set(["foals.example.com"]),
      namespaces: new Set(["web"]),
    });
    expect(belongingOf(meta("example.com/Foal team/a"), evidence)).toBe("ours");
    expect(belongingOf(meta("example.com/Foal web/a"), evidence)).toBe("ours");
    expect(belongingOf(meta("example.org/Foal team/a"), evidence)).toBe("unknown");
  });
});

describe("an object that was there before stays", () => {
  test.each<[string, Meta, "changed" | "foreign"]>([
    ["and is said to be changed, where it is tracked now", trackedBy("web", "ConfigMap team/a"), "changed"],
    ["whatever it says of another Argo CD", trackedBy("theirs", "ConfigMap team/a"), "foreign"],
    [
      "also where Argo CD replaced it",
      trackedBy("web", "ConfigMap team/a", { created: since + 1 }),
      "changed",
    ],
    ["of Argo CD's own name even", meta("Secret argocd/argocd-x", { created: since - 1 }), "foreign"],
  ])("%s", (_, object, belonging) => {
    expect(belongingOf(object, evidenceOf([object]))).toBe(belonging);
  });

  test("also where the inventory missed it, but it is old", () => {
    const old = trackedBy("web", "ConfigMap team/a", { created: since - 3_600_000 });
    expect(belongingOf(old, evidenceOf())).toBe("changed");
  });

  test("also where its kind could not be listed", () => {
    const object = trackedBy("web", "example.com/Foal team/a");
    for (const unlisted of [["foals.example.com"], ["example.com/v1"]])
      expect(belongingOf(object, evidenceOf([], { unlisted }))).toBe("changed");
    expect(belongingOf(object, evidenceOf([], { unlisted: ["foals.example.org"] }))).toBe("ours");
  });

  test("and is said to be changed, where Argo CD wrote to a definition", () => {
    const text = `${definition} foals.example.com`;
    const evidence = evidenceOf([meta(text)], { declared: new Set([keyOf(meta(text))]) });
    expect(belongingOf(meta(text, by("argocd-controller")), evidence)).toBe("changed");
    expect(belongingOf(meta(text, by("kubectl")), evidence)).toBe("foreign");
  });
});

describe("a namespace goes as a whole", () => {
  test.each<[Meta, boolean]>([
    [meta("Namespace argocd"), true],
    [meta("Namespace web", by("argocd-controller")), true],
    [meta("Namespace web", by("kubectl")), false],
    [meta("Namespace other", by("argocd-controller")), false],
    [trackedBy("web", "Namespace other"), true],
    [meta("Namespace other", by("rehearsal")), true],
    [meta("ConfigMap team/argocd"), false],
  ])("%#", (object, expected) => {
    expect(isNamespaceOfOurs(object, evidenceOf())).toBe(expected);
  });

  test("unless it was there before", () => {
    const namespace = meta("Namespace argocd");
    expect(isNamespaceOfOurs(namespace, evidenceOf([namespace]))).toBe(false);
    expect(belongingOf(namespace, evidenceOf([namespace]))).toBe("foreign");
  });
});

test("a definition is ours where an Application declares it and Argo CD wrote it", () => {
  const text = `${definition} foals.example.com`;
  const key = keyOf(meta(text));
  const evidence = evidenceOf([], { declared: new Set([key]) });
  expect(isDefinitionOfOurs(meta(text, by("argocd-controller")), evidence, key)).toBe(true);
  expect(isDefinitionOfOurs(meta(text, by("kubectl")), evidence, key)).toBe(false);
  expect(isDefinitionOfOurs(meta(text, by("argocd-controller")), evidenceOf(), key)).toBe(false);
});

test("a tracking id is read", () => {
  expect(parseTrackingId("team_web:apps/Deployment:shop/web")).toEqual({
    instance: "team_web",
    group: "apps",
    kind: "Deployment",
    namespace: "shop",
    name: "web",
  });
  expect(parseTrackingId("web:/Service:shop/system:node:web")?.name).toBe("system:node:web");
  expect(parseTrackingId("web")).toBeUndefined();
});

describe("finalizers are orphaned", () => {
  const definitions = new Set(["foals.web.example.com"]);
  const of = (text: string, ...finalizers: string[]) =>
    orphanedFinalizers(meta(text, { finalizers }), definitions);

  test("all of a kind of ours, but the garbage collector's", () => {
    expect(of("web.example.com/Foal team/a", "anything", "x.io/y", "foregroundDeletion")).toEqual([
      "anything",
      "x.io/y",
    ]);
  });

  test("elsewhere, those of Argo CD and of operators that came with a kind of ours", () => {
    expect(
      of(
        "batch/Job team/a",
        "argocd.argoproj.io/hook-finalizer",
        "resources-finalizer.argocd.argoproj.io",
        "web.example.com/f",
        "operator.web.example.com/f",
        "example.com/f",
        "notexample.com/f",
        "other.io/f",
        "kubernetes.io/pvc-protection",
        "foregroundDeletion",
        "batch.kubernetes.io/job-tracking",
      ),
    ).toEqual([
      "argocd.argoproj.io/hook-finalizer",
      "resources-finalizer.argocd.argoproj.io",
      "web.example.com/f",
      "operator.web.example.com/f",
    ]);
  });
});
