import { dirname, join } from "node:path/posix";
import {
  isMapping,
  list,
  type Mapping,
  mapping,
  mappings,
  text,
  texts as textsOf,
} from "../../repository/untyped.ts";
import { parseYamlFile } from "../../repository/yaml-documents.ts";
import { configMapRules } from "./config-map-rules.ts";
import { configMapFacts, entryFacts } from "./entry-facts.ts";
import { below, type Fact, type Path, type Site, within } from "./fact.ts";
import { valuesFacts } from "./values-facts.ts";

type Nested = (object: Mapping, site: Site) => Fact[];

const argo = /argo-?cd/i;
const targetKinds = /^(?:ConfigMap|Secret|AppProject|Deployment|StatefulSet|ClusterRole|Role|\.\*)?$/;

/** What a kustomization, or the `kustomize` of an Application's source, does to Argo CD. */
export function kustomizeFacts(
  kustomization: Mapping,
  site: Site,
  files: ReadonlyMap<string, string>,
  nested: Nested,
): Fact[] {
  const { helmCharts, configMapGenerator, images, resources, bases } = kustomization;
  const remote = [...textsOf(resources), ...textsOf(bases)].filter((one) =>
    /:\/\/|\?ref=|^github\.com\//.test(one),
  );
  return [
    ...mappings(helmCharts).flatMap((chart, index) =>
      chartFacts(chart, below(site, "helmCharts", index), nested),
    ),
    ...patchFacts(kustomization, site, files, nested),
    ...mappings(configMapGenerator).flatMap((generator, index) =>
      generatorFacts(generator, below(site, "configMapGenerator", index), files),
    ),
    ...mappings(images).flatMap((image, index) =>
      argo.test(`${text(image.name)} ${text(image.newName)}`)
        ? entryFacts("argocd-images", "value", {
            ...{ owner: `the image ${text(image.name)}`, key: "newName", value: image.newName },
            site: below(site, "images", index),
          })
        : [],
    ),
    ...(remote.some((one) => argo.test(one)) || argo.test(dirname(site.file))
      ? entryFacts("argocd-source", "items", {
          ...{ owner: "the kustomization of Argo CD", key: "resources", value: remote.map(withoutVersion) },
          site: below(site, "resources"),
        })
      : []),
  ];
}

/** An upgrade is no other source. */
function withoutVersion(url: string): string {
  return url
    .replace(/[?&]ref=.*$/, "")
    .replaceAll(/\/(?:v?\d+(?:\.\d+)+[^/]*|stable|HEAD)(?=\/)/g, "/<version>");
}

function chartFacts(chart: Mapping, site: Site, nested: Nested): Fact[] {
  if (chart.name !== "argo-cd") return [];
  return [
    ...entryFacts("argocd-source", "value", {
      ...{ owner: "the chart argo-cd", key: "repoURL", value: chart.repo, site: below(site, "repo") },
    }),
    ...(isMapping(chart.valuesInline)
      ? valuesFacts(chart.valuesInline, below(site, "valuesInline"), nested)
      : []),
  ];
}

function patchFacts(
  kustomization: Mapping,
  site: Site,
  files: ReadonlyMap<string, string>,
  nested: Nested,
): Fact[] {
  const listed: [unknown, Path][] = ["patches", "patchesJson6902", "patchesStrategicMerge"].flatMap((key) =>
    list(kustomization[key]).map((patch, index): [unknown, Path] => [patch, [key, index]]),
  );
  const made = [kustomization.resources, kustomization.bases, kustomization.helmCharts];
  const ofArgoCd = argo.test(dirname(site.file)) || argo.test(JSON.stringify(made));
  return listed.flatMap(([patch, path]) => {
    const here = below(site, ...path);
    const { patch: inline, path: file, target } = mapping(patch);
    const content = typeof patch === "string" ? patch : (text(inline) ?? textOf(text(file), site, files));
    if (content === undefined) return [];
    return parseYamlFile(content).flatMap(({ value }) => {
      if (isMapping(value)) {
        // A file without a target of its own is read where it stands.
        const isOurs = typeof patch === "string" || inline !== undefined || target !== undefined;
        return isOurs ? nested(named(value, target), within(here)) : [];
      }
      if (!Array.isArray(value) || !reachesArgoCd(mapping(target), ofArgoCd)) return [];
      const name = `${text(mapping(target).kind) ?? "objects"} ${text(mapping(target).name) ?? ""}`.trim();
      return entryFacts("argocd-settings", "items", {
        ...{ owner: `the patch of ${name}`, key: "operations", value, site: within(here) },
      });
    });
  });
}

/** A patch may leave its name to its target. */
function named(object: Mapping, target: unknown): Mapping {
  const { kind, name } = mapping(target);
  const metadata = mapping(object.metadata);
  return { ...object, kind: kind ?? object.kind, metadata: { ...metadata, name: name ?? metadata.name } };
}

const protectedNames = [
  ...Object.keys(configMapRules),
  ...[
    "secret",
    "server",
    "repo-server",
    "application-controller",
    "applicationset-controller",
    "dex-server",
  ].map((name) => `argocd-${name}`),
];

/** A target's name is a pattern. One without is any object of its kind, which matters where Argo CD is made. */
function reachesArgoCd({ kind, name }: Mapping, ofArgoCd: boolean): boolean {
  if (!targetKinds.test(text(kind) ?? "")) return false;
  const wanted = text(name);
  if (kind === "AppProject") return true;
  if (wanted === undefined) return ofArgoCd;
  if (argo.test(wanted)) return true;
  const pattern = patternOf(wanted);
  return ofArgoCd && protectedNames.some((one) => pattern?.test(one) ?? true);
}

function patternOf(name: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${name})$`);
  } catch {
    return undefined;
  }
}

function generatorFacts(generator: Mapping, site: Site, files: ReadonlyMap<string, string>): Fact[] {
  const name = text(generator.name) ?? "";
  if (!Object.hasOwn(configMapRules, name)) return [];
  const entries = [
    ...textsOf(generator.literals).map((literal) => split(literal)),
    ...textsOf(generator.files).map((file) => {
      const [key, path] = file.includes("=") ? split(file) : [file.split("/").at(-1) ?? file, file];
      return [key, textOf(path, site, files) ?? `file ${path}`] as const;
    }),
    ...[...textsOf(generator.envs), ...(text(generator.env) ?? "").split(" ").filter(Boolean)].map(
      (file) => [file, textOf(file, site, files) ?? `file ${file}`] as const,
    ),
  ];
  return configMapFacts(name, Object.fromEntries(entries), within(site));
}

function split(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function textOf(
  path: string | undefined,
  { file }: Site,
  files: ReadonlyMap<string, string>,
): string | undefined {
  return path === undefined ? undefined : files.get(join(dirname(file), path));
}
