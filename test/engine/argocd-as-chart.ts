import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { silentLog } from "../../src/runner/log.ts";
import { resolveToolchain } from "../../src/toolchain/resolve.ts";
import { packChart } from "../../src/vendor/upstream-fixture.ts";

/** An archive `argo-cd-1.0.0` with Argo CD's release manifests for templates. Kustomize may inflate charts. */
export async function packArgoCd(): Promise<Buffer> {
  const { argocdFiles } = await resolveToolchain({ log: silentLog });
  const text = await readFile(join(argocdFiles, "manifests/install.yaml"), "utf8");
  const objects = parseAllDocuments(text).map((document) => document.toJS());
  const settings = objects.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "argocd-cm",
  );
  settings.data = { "kustomize.buildOptions": "--enable-helm" };
  const isDefinition = ({ kind }: { kind: string }) => kind === "CustomResourceDefinition";
  const documents = (list: unknown[]) => list.map((object) => `---\n${JSON.stringify(object)}\n`).join("");
  return packChart(
    { name: "argo-cd", version: "1.0.0" },
    {
      "crds/crds.yaml": documents(objects.filter(isDefinition)),
      "manifests.yaml": documents(objects.filter((object) => !isDefinition(object))),
      "templates/all.yaml": '{{ .Files.Get "manifests.yaml" }}',
    },
  );
}
