import type { ArgoHealth, CheckedKind, Json, JsonObject } from "./argo-health.ts";

/** What a stage has to write into the status of an object, so that Argo CD calls the object healthy. */
export interface Derived {
  group: string;
  kind: string;
  /** Of the sample that it was derived from. */
  version: string;
  /** With Go templates in place of what depends on the object. */
  status: JsonObject;
  /** Of all samples of Argo CD, their own status taken away. */
  samples: number;
  /** How many of them that status makes healthy. */
  healthy: number;
}

/** Stand for parts of an object in a status; `fillIn` gives them their values. */
export const placeholders = {
  generation: "{{ .metadata.generation }}",
  created: "{{ .metadata.creationTimestamp | Quote }}",
} as const;

const played = "no operator ran";

const created = "2026-01-01T00:00:00Z";

/**
 * Finds the smallest status that makes a kind healthy: takes each healthy sample's, leaves out whatever the
 * check does not ask for, and keeps the one that makes most samples healthy. Undefined where none does.
 */
export async function derive(health: ArgoHealth, checked: CheckedKind): Promise<Derived | undefined> {
  const samples = [...checked.healthy, ...checked.others];
  const found = await Promise.all(
    checked.healthy.map(async (sample) => {
      const general = generalise(sample, objectAt(sample.status));
      if (!(await isHealthy(health, sample, general))) return undefined;
      const status = await minimise(health, sample, general);
      const outcomes = await Promise.all(samples.map((each) => isHealthy(health, each, status)));
      const version = String(sample.apiVersion).split("/").at(-1) ?? "";
      const healthy = outcomes.filter((outcome) => outcome).length;
      return { group: checked.group, kind: checked.kind, version, status, samples: samples.length, healthy };
    }),
  );
  return found
    .filter((each) => each !== undefined)
    .toSorted(
      (left, right) =>
        right.healthy - left.healthy ||
        Number(isIdle(left.status)) - Number(isIdle(right.status)) ||
        sizeOf(left.status) - sizeOf(right.status),
    )[0];
}

/** Whether Argo CD calls an object healthy once a stage has written `status` into it, which had none. */
export async function isHealthy(
  health: ArgoHealth,
  object: JsonObject,
  status: JsonObject,
): Promise<boolean> {
  const metadata = { ...objectAt(object.metadata), generation: 7, creationTimestamp: created };
  const { status: _, ...rest }: JsonObject = { ...object, metadata };
  const filled = fillIn(status, rest);
  return (await health.check({ ...rest, status: filled })).status === "Healthy";
}

/** Does for the templates that `derive` writes what KWOK does. */
export function fillIn(value: Json, object: JsonObject): Json {
  if (value === placeholders.generation) return objectAt(object.metadata).generation ?? 0;
  if (value === placeholders.created) return objectAt(object.metadata).creationTimestamp ?? created;
  const replicas = typeof value === "string" ? replicasOf(value, object) : undefined;
  if (replicas !== undefined) return replicas;
  if (Array.isArray(value)) return value.map((item) => fillIn(item, object));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, object)]));
}

function replicasOf(template: string, object: JsonObject): Json | undefined {
  const [, field] = /^\{\{ or \.spec\.(\w+) 1 \}\}$/.exec(template) ?? [];
  return field === undefined ? undefined : objectAt(object.spec)[field] || 1;
}

/** Puts templates where a sample's status repeats what the object says, and our own words into conditions. */
function generalise(sample: JsonObject, status: JsonObject): JsonObject {
  const { generation } = objectAt(sample.metadata);
  const spec = objectAt(sample.spec);
  const visit = (value: Json, key: string): Json => {
    if (/generation$/i.test(key) && (generation === undefined || value === generation))
      return placeholders.generation;
    if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return placeholders.created;
    if (typeof value === "number" && /replicas$/i.test(key)) {
      const field = [key, "replicas"].find((name) => spec[name] === value);
      if (field !== undefined) return `{{ or .spec.${field} 1 }}`;
    }
    if (Array.isArray(value)) return value.map((item) => visit(item, ""));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, item]) => [name, visit(item, name)] as const);
    return Object.fromEntries(entries);
  };
  return objectAt(visit(status, ""));
}

type Path = readonly (string | number)[];

/** Takes away, from the outside inwards, whatever can go; of conditions it keeps what a schema may ask for. */
async function minimise(health: ArgoHealth, sample: JsonObject, status: JsonObject): Promise<JsonObject> {
  let current: Json = status;
  const holds = (candidate: Json) => isHealthy(health, sample, objectAt(candidate));
  const reduce = async (path: Path): Promise<void> => {
    const value = valueAt(current, path);
    if (path.length > 0) {
      const without = changed(current, path, undefined);
      if (await holds(without)) {
        current = without;
        return;
      }
    }
    if (Array.isArray(value)) await reduceArray(path, value);
    else if (typeof value === "object" && value !== null)
      for (const key of Object.keys(value)) await reduce([...path, key]);
  };
  const reduceArray = async (path: Path, array: readonly Json[]): Promise<void> => {
    // From the end, so that the places of those before it stay. One stays: a check for none is an accident.
    for (let index = array.length - 1; index >= 0; index--) {
      const without = changed(current, [...path, index], undefined);
      const left = valueAt(without, path);
      if (Array.isArray(left) && left.length > 0 && (await holds(without))) current = without;
    }
    const left = valueAt(current, path);
    for (const [index, item] of (Array.isArray(left) ? left : []).entries()) {
      if (isCondition(item)) await soften([...path, index], item);
      // Of another item a schema may ask for any part.
      else if (Array.isArray(objectAt(item).conditions))
        await reduceArray([...path, index, "conditions"], objectAt(item).conditions as Json[]);
    }
  };
  const soften = async (path: Path, condition: JsonObject) => {
    const { type, status: state, reason, message, observedGeneration, ...others } = condition;
    const times = Object.entries(others).filter(([, value]) => value === placeholders.created);
    const base = { type: type ?? "", status: textOf(state), ...Object.fromEntries(times) };
    const full = { ...base, lastTransitionTime: placeholders.created };
    const generation = observedGeneration === undefined ? {} : { observedGeneration };
    const candidates: JsonObject[] = [
      { ...full, ...generation, reason: "Simulated", message: played },
      { ...full, ...generation, reason: reason ?? "Simulated", message: played },
      { ...full, ...generation, reason: "Simulated", message: message ?? played },
      { ...full, ...generation, reason: reason ?? "Simulated", message: message ?? played },
    ];
    for (const candidate of candidates) {
      const next = changed(current, path, candidate);
      if (!(await holds(next))) continue;
      current = next;
      return;
    }
  };
  await reduce([]);
  return objectAt(current);
}

function isCondition(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && "type" in value && "status" in value;
}

function valueAt(value: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>(
    (at, key) => (typeof at === "object" && at !== null ? (at as JsonObject)[key] : undefined),
    value,
  );
}

/** A copy with another value at a path, or with nothing there. */
function changed(value: Json, [key, ...rest]: Path, to: Json | undefined): Json {
  if (key === undefined) return to ?? null;
  if (Array.isArray(value)) {
    const at = Number(key);
    if (rest.length === 0 && to === undefined) return value.filter((_, index) => index !== at);
    return value.map((item, index) => (index === at ? changed(item, rest, to) : item));
  }
  const { [key]: old, ...others } = objectAt(value);
  if (rest.length === 0 && to === undefined) return others;
  return { ...objectAt(value), [key]: changed(old ?? null, rest, to) };
}

export function objectAt(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** Of a condition: a sample may have a truth value where the schema has a word. */
function textOf(state: Json | undefined): string {
  return state === false || state === "False" ? "False" : String(state).replace(/^true$/, "True");
}

/** A sample of something that is healthy because it rests. */
function isIdle(status: JsonObject): boolean {
  return /paus|suspend|ignor|disab|stopp/i.test(JSON.stringify(status));
}

function sizeOf(value: Json): number {
  return JSON.stringify(value).length;
}
