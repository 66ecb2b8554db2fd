import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../kubernetes/client.ts";
import { packageRoot } from "../../runner/package-root.ts";
import type { StageText, Unexercised } from "../engine.ts";
import { parseUserStages, type StageFile, toStageFile } from "./stage-files.ts";

/** Everything that the simulation plays. */
export interface Catalogue {
  definitions: readonly KubeObject[];
  /** For kinds that every API server has. */
  builtIn: readonly StageFile[];
  /** For kinds that a CustomResourceDefinition may bring. */
  custom: readonly StageFile[];
  /** What stages with words of their own leave unproven. */
  unexercised: readonly Unexercised[];
}

const folder = () => join(packageRoot(), "src/engine/simulated/stages");

/** Groups that the API server has by itself; any other is a CustomResourceDefinition's. */
const builtInGroups: ReadonlySet<string> = new Set([
  ...["", "apps", "autoscaling", "batch", "policy"],
  ...["admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io"],
  ...["authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io"],
  ...["discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io"],
  ...["networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io"],
  ...["scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io"],
]);

/**
 * Reads our stages, and puts the user's in the place of those for the same kinds. Throws UsageError for one of the
 * user's that is none.
 */
export async function readCatalogue(user: readonly StageText[]): Promise<Catalogue> {
  const theirs = user.flatMap(({ path, text }) => parseUserStages(path, text));
  const [builtIn, operators] = await Promise.all([
    readStages(folder()),
    readStages(join(folder(), "operators")),
  ]);
  const definitions = builtIn.filter(({ kind }) => kind === "CustomResourceDefinition");
  const taken = new Set(theirs.map(kindOf));
  const ours = (objects: readonly { file: string; object: KubeObject }[]) =>
    objects.map(({ file, object }) => toStageFile(file, object)).filter((stage) => !taken.has(kindOf(stage)));
  const isBuiltIn = ({ group }: StageFile) => builtInGroups.has(group);
  const custom = [...ours(operators), ...theirs.filter((stage) => !isBuiltIn(stage))];
  const core = [...ours(builtIn.filter(({ kind }) => kind === "Stage")), ...theirs.filter(isBuiltIn)];
  return {
    definitions: definitions.map(({ object }) => object),
    builtIn: core,
    custom,
    unexercised: wordsOf([...custom, ...core]),
  };
}

/** One entry for all kinds of which the same is said. */
function wordsOf(stages: readonly StageFile[]): Unexercised[] {
  const told = stages.flatMap((stage) => (stage.plays === undefined ? [] : [{ why: stage.plays, stage }]));
  return [...Map.groupBy(told, ({ why }) => why)].map(([why, of]) => ({
    why,
    kinds: [...new Set(of.map(({ stage }) => kindOf(stage)))],
  }));
}

/** As an Unexercised names a kind. */
function kindOf({ group, kind }: StageFile): string {
  return group === "" ? kind : `${group}/${kind}`;
}

async function readStages(path: string): Promise<{ file: string; kind: string; object: KubeObject }[]> {
  const files = (await readdir(path)).filter((name) => name.endsWith(".yaml")).sort();
  const texts = await Promise.all(
    files.map(async (file) => ({ file, text: await readFile(join(path, file), "utf8") })),
  );
  return texts.flatMap(({ file, text }) =>
    parseAllDocuments(text).map((document) => {
      const object = document.toJS() as KubeObject;
      return { file, kind: object.kind, object };
    }),
  );
}
