import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { packageRoot } from "../../src/runner/package-root.ts";
import type { ArgoHealth } from "./argo-health.ts";
import { type Derived, derive, placeholders } from "./derive.ts";
import { leftOut } from "./left-out.ts";
import { wordsFor } from "./words.ts";

const header = "# Derived from Argo CD's health check by `npm run catalogue:stages`; edit that, not this.";

export interface CatalogueFile {
  /** Within the folder of the catalogue. */
  name: string;
  text: string;
}

/** Where the stages of operators lie. */
export function catalogueFolder(): string {
  return join(packageRoot(), "src/engine/simulated/stages/operators");
}

/** The files of the catalogue that are derived. Throws where a kind has no stage, and no reason for that. */
export async function deriveFiles(health: ArgoHealth): Promise<CatalogueFile[]> {
  const byHand = new Set((await readFiles()).filter(({ text }) => !isDerived(text)).flatMap(kindsIn));
  const wanted = (await health.kinds()).filter(({ group, kind }) => {
    const name = `${group}/${kind}`;
    return !byHand.has(nameOf(group, kind)) && leftOut[name] === undefined;
  });
  const found = await Promise.all(
    wanted.map(async (checked) => ({ checked, derived: await derive(health, checked) })),
  );
  const underivable = found.filter(({ derived }) => derived === undefined);
  if (underivable.length > 0) {
    const names = underivable.map(({ checked }) => `${checked.group}/${checked.kind}`);
    throw new Error(`no stage can be derived for ${names.join(", ")}: write it by hand, or give a reason`);
  }
  const stages = found.flatMap(({ derived }) => derived ?? []);
  return [...Map.groupBy(stages, ({ group }) => group)].map(([group, of]) => ({
    name: `${group.replace(/^_\./, "any.")}.yaml`,
    text: `${header}\n${of.map(stageText).join("---\n")}`,
  }));
}

/** Names of files that are not as they would be derived. */
export async function staleFiles(files: readonly CatalogueFile[]): Promise<string[]> {
  const present = new Map((await readFiles()).map(({ name, text }) => [name, text]));
  const derived = new Set(files.map(({ name }) => name));
  return [
    ...files.filter(({ name, text }) => present.get(name) !== text).map(({ name }) => name),
    ...[...present].filter(([name, text]) => isDerived(text) && !derived.has(name)).map(([name]) => name),
  ];
}

/** Writes them, and removes those that are no longer derived. */
export async function writeFiles(files: readonly CatalogueFile[]): Promise<void> {
  for (const { name, text } of await readFiles())
    if (isDerived(text)) await rm(join(catalogueFolder(), name));
  for (const { name, text } of files) await writeFile(join(catalogueFolder(), name), text);
}

async function readFiles(): Promise<CatalogueFile[]> {
  const names = (await readdir(catalogueFolder())).filter((name) => name.endsWith(".yaml"));
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(catalogueFolder(), name), "utf8") })),
  );
}

function isDerived(text: string): boolean {
  return text.startsWith(header.split(" by ")[0] ?? header);
}

function kindsIn({ text }: CatalogueFile): string[] {
  return parseAllDocuments(text).map((document) => {
    const { apiGroup, kind } = (
      document.toJS() as { spec: { resourceRef: { apiGroup: string; kind: string } } }
    ).spec.resourceRef;
    return `${apiGroup.split("/")[0]}/${kind}`;
  });
}

/** As a stage names it: `*` where Argo CD's folders have `_`. */
function nameOf(group: string, kind: string): string {
  return `${group.replace(/^_/, "*")}/${kind.replace(/^_$/, "*")}`;
}

function stageText({ group, kind, version, status }: Derived): string {
  const pattern = kind === "_";
  const template = stringify(status, { lineWidth: 0 })
    // The whole of it is a template: what stands in quotes would be a text.
    .replaceAll(`"${placeholders.generation}"`, placeholders.generation)
    .replaceAll(`"${placeholders.created}"`, placeholders.created)
    .replaceAll(/"(\{\{ or \.spec\.\w+ 1 \}\})"/g, "$1");
  const ref = pattern
    ? `{ apiGroup: "${group.replace(/^_/, "*")}", kind: "*" }`
    : `{ apiGroup: ${group}/${version}, kind: ${kind} }`;
  const name = pattern ? `any.${group.replace(/^_\./, "")}` : `${kind.toLowerCase()}.${group}`;
  return `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: ${name}
  annotations:
    gitops-rehearsal/plays: ${wordsFor(`${group}/${kind}`)}
spec:
  resourceRef: ${ref}
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
  steps:
    - patch:
        root: status
        subresource: status
        type: merge
        template: |
${template.replaceAll(/^(?=.)/gm, "          ").trimEnd()}
`;
}
