import { z } from "zod";
import type { KubeObject } from "../../kubernetes/client.ts";
import { parseYaml, splitDocuments } from "../../repository/yaml-documents.ts";
import { UsageError } from "../../runner/errors.ts";

/** A KWOK Stage, and what it plays for which kinds. */
export interface StageFile {
  /** Where it was read, for people. */
  file: string;
  object: KubeObject;
  /** A group that begins with `*.` stands for those below it. */
  group: string;
  /** `*` stands for all of the group that have no stage of their own. */
  kind: string;
  /** For the verdict, in the stage's own words; undefined where the engine has words for it. */
  plays: string | undefined;
}

/** The annotation of a Stage with what the verdict says of the objects that it played. */
export const playsAnnotation = "gitops-rehearsal/plays";
/** As KWOK's own documentation names it. */
export const stageApiVersion = "kwok.x-k8s.io/v1alpha1";

const step = z
  .looseObject({ patch: z.looseObject({ template: z.string() }).optional() })
  .describe("a step of KWOK");
const stageSchema = z.object({
  apiVersion: z.literal(stageApiVersion),
  kind: z.literal("Stage"),
  metadata: z.object({
    name: z.string().min(1),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: z
    .strictObject({
      resourceRef: z.strictObject({ apiGroup: z.string().min(1), kind: z.string().min(1) }),
      // KWOK leaves out a Stage without one, and says nothing.
      selector: z.strictObject({
        matchLabels: z.record(z.string(), z.string()).optional(),
        matchAnnotations: z.record(z.string(), z.string()).optional(),
        matchExpressions: z.array(z.looseObject({})).optional(),
      }),
      steps: z.array(step).min(1).optional(),
      next: z.looseObject({}).optional(),
      weight: z.number().optional(),
      weightFrom: z.looseObject({}).optional(),
      delay: z.looseObject({}).optional(),
      immediateNextStage: z.boolean().optional(),
    })
    .refine(({ steps, next }) => steps !== undefined || next !== undefined, "steps are missing"),
});

/**
 * Reads the Stages of a YAML file of the user's. Throws UsageError that names file and line for whatever is no
 * Stage, has no words for the verdict, or could never play.
 */
export function parseUserStages(file: string, text: string): StageFile[] {
  return splitDocuments(text).flatMap((source) => {
    const document = parseYaml(source);
    const where = { file, line: source.firstLine };
    const [error] = document.errors;
    if (error) throw broken(`is not valid YAML: ${error.message}`, { file, line: error.line });
    if (document.value === null || document.value === undefined) return [];
    const checked = stageSchema.safeParse(document.value);
    if (!checked.success) {
      const [issue] = checked.error.issues;
      const at = issue?.path.join(".") || "the document";
      throw broken(`holds no Stage of KWOK: ${at}: ${issue?.message}`, where);
    }
    const stage = toStageFile(file, document.value as KubeObject);
    if (!stage.plays?.trim())
      throw broken(`leaves out the annotation ${playsAnnotation}, with what the verdict is to say`, where);
    return [stage];
  });
}

/** For a Stage of ours, which is right. */
export function toStageFile(file: string, object: KubeObject): StageFile {
  const { resourceRef } = object.spec as { resourceRef: { apiGroup: string; kind: string } };
  const [group = ""] = resourceRef.apiGroup.includes("/")
    ? resourceRef.apiGroup.split("/")
    : [resourceRef.apiGroup === "v1" ? "" : resourceRef.apiGroup];
  const plays = object.metadata.annotations?.[playsAnnotation];
  return { file, object, group, kind: resourceRef.kind, plays };
}

function broken(what: string, where: { file: string; line: number }): UsageError {
  return new UsageError(`the stage ${where.file} ${what}`, {
    where,
    fix: "See docs/simulated-engine.md for how a stage is written.",
  });
}
