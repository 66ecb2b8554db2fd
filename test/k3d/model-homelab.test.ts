import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDocker } from "../../ci/docker.ts";
import { type Registry, startRegistry } from "../../ci/stand-in/registry-server.ts";
import { silentLog } from "../../src/runner/log.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import { chartsAreThere, modelHomelab } from "../engine/model-homelab.ts";
import { rehearsal } from "./homelab.ts";

const dockerAnswers = (await findDocker()).unavailable === undefined;

interface Reduction {
  /** Why the homelab cannot have it here. */
  because: string;
  /** Files that go. */
  without?: readonly string[];
  /** What stands in a file, and what takes its place. */
  edits?: readonly (readonly [file: string, from: string | RegExp, to: string])[];
}

const overlay = "applications/ntfy/overlays/home";
const deleteIngress = `patches:
  - patch: |
      $patch: delete
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata:
        name: page
`;

const olderProvisioner = "image:\n  tag: v0.0.30\nhealth:\n  enabled: false\n";

/** What makes the homelab one that the stand-in's few images can run. All else is as Git has it. */
const reductions = (argocd: string): readonly Reduction[] => [
  {
    because: "Traefik has no image here, and without it no Ingress is ever Healthy",
    without: ["infrastructure/ingress.yaml", `${overlay}/ingress.yaml`],
    edits: [
      [`${overlay}/kustomization.yaml`, "  - ingress.yaml\n", ""],
      ["infrastructure/argocd/values.yaml", "ingress:\n    enabled: true", "ingress:\n    enabled: false"],
      ["applications/page-base/kustomization.yaml", "resources:\n", `${deleteIngress}resources:\n`],
      // Patches of what is not there any more.
      ["applications/pages/garden/kustomization.yaml", /patches:.*$/s, ""],
      ["applications/pages/welcome/kustomization.yaml", /patches:.*$/s, ""],
    ],
  },
  {
    because: "cert-manager has no images here",
    without: ["infrastructure/cert-manager.yaml", "infrastructure/certificate-authority.yaml"],
  },
  {
    because: "nothing of kube-prometheus-stack has an image here, and definitions come with it",
    without: ["bootstrap/areas/monitoring.yaml", `${overlay}/service-monitor.yaml`],
    edits: [[`${overlay}/kustomization.yaml`, "  - service-monitor.yaml\n", ""]],
  },
  { because: "podinfo has no image here", without: ["applications/podinfo.yaml"] },
  {
    because: "these stand in for others, or are of another version",
    edits: [
      ...["applications/ntfy/base/kustomization.yaml", "applications/page-base/kustomization.yaml"].map(
        (file) => [file, /newTag: .*/, "newName: docker.io/stand-in/web\n    newTag: '1'"] as const,
      ),
      ["infrastructure/argocd/values.yaml", "global:\n", `global:\n  image:\n    tag: ${argocd}\n`],
      ["infrastructure/storage/values.yaml", "tag: 1.37.0", 'tag: "1.37"'],
      // It does not serve its health yet.
      ["infrastructure/storage/values.yaml", "helperImage:", `${olderProvisioner}helperImage:`],
    ],
  },
];

async function reduce(folder: string, all: readonly Reduction[]): Promise<void> {
  for (const { because, without = [], edits = [] } of all) {
    for (const path of without) await rm(join(folder, path));
    for (const [path, from, to] of edits) {
      const before = await readFile(join(folder, path), "utf8");
      const after = before.replace(from, to);
      if (after === before) throw new Error(`${path} has no ${from} (${because})`);
      await writeFile(join(folder, path), after);
    }
  }
}

describe.runIf(dockerAnswers && chartsAreThere)(
  "the model homelab on real containers (needs Docker and ../shared/charts)",
  () => {
    let registry: Registry;
    let cache: string;
    beforeAll(async () => {
      registry = await startRegistry();
      cache = await mkdtemp(join(tmpdir(), "model-homelab-cache-"));
    });
    afterAll(async () => {
      await registry?.[Symbol.asyncDispose]();
      await rm(cache, { recursive: true, force: true });
    });

    test("comes up, as far as there are images for it, and Argo CD goes on managing itself", async () => {
      const { versions } = await resolveToolchain({ log: silentLog });
      await using repository = await modelHomelab(cache, async (folder) => {
        await reduce(folder, reductions(versions.argocd));
        await writeFile(join(folder, "bootstrap/k3d.yaml"), registry.k3dConfig);
      });
      const flags = ["--engine", "k3d", "--offline", "--cache", cache];
      const { exitCode, verdict, progress } = await rehearsal(repository.folder, ...flags);
      expect({ exitCode, result: verdict.result }, progress).toEqual({ exitCode: 0, result: "passed" });
      expect(verdict.applications.map(({ name, state }) => [name, state])).toEqual([
        ["applications", "passed"],
        ["argocd", "passed"],
        ["infrastructure", "passed"],
        ["ntfy", "passed"],
        ["page-garden", "passed"],
        ["page-welcome", "passed"],
        ["root", "passed"],
        ["storage", "passed"],
      ]);
      expect(verdict.argocd?.source).toBe("chart argo-cd 10.1.1");
    });
  },
);
