import { z } from "zod";
import { shownChanges, type Verdict, verdictSchema } from "./verdict.ts";

/** More than Kubernetes, Git and Argo CD ever write, and little enough to be held and shown. */
const bounds = { name: 1_024, path: 4_096, message: 262_144, items: 10_000, lines: 1_000 } as const;

const name = z.string().min(1).max(bounds.name);
const word = z.string().max(bounds.name);
const path = z.string().max(bounds.path);
const message = z.string().max(bounds.message);
const count = z.int().nonnegative();
const seconds = z.number().nonnegative();
const sha = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "expected a full SHA");

/** JSON has no `undefined`: what is absent is. */
const maybe = <T extends z.ZodType>(schema: T) => schema.optional().transform((value) => value);
const list = <T extends z.ZodType>(schema: T, most: number = bounds.items) =>
  z.array(schema).max(most).readonly();

const place = z.strictObject({ file: path.min(1), line: z.int().positive().optional() });

const reason = z.strictObject({
  code: z.enum([
    ...["image", "crash", "probe", "unschedulable", "container-config", "volume"],
    ...["machine", "unsupported", "rejected"],
    ...["manifests", "source", "transport", "not-cached", "digest", "spec", "forbidden"],
    ...["missing-kind", "missing-namespace", "missing-project"],
    ...["hook", "sync", "duplicate", "diverges", "idle", "degraded", "suspended"],
    ...["wrong-revision", "no-evidence", "generator", "generates-nothing", "missing", "deleted", "timeout"],
  ] as const),
  class: z.enum(["change", "infrastructure", "configuration"]),
  message,
  resource: z
    .strictObject({
      group: word.exactOptional(),
      version: word.exactOptional(),
      kind: word,
      namespace: word.exactOptional(),
      name: word,
    })
    .optional(),
  place: place.optional(),
  finality: message.optional(),
});

const state = z.enum(["passed", "failed", "waiting", "unfinished", "missing"]);

const diagnosis = z.strictObject({
  pods: list(
    z.strictObject({ pod: word, node: maybe(word), state: message, lines: list(message, bounds.lines) }),
  ),
  others: list(message, bounds.lines),
  nodes: list(message, bounds.lines),
  incomplete: list(message),
});

const application = z.strictObject({
  name,
  namespace: word,
  state,
  sync: maybe(word),
  health: maybe(word),
  sources: list(
    z.strictObject({
      repoURL: path,
      what: path,
      targetRevision: path,
      kind: z.enum(["merge", "pinned", "elsewhere"]),
      revision: maybe(path),
    }),
  ),
  parent: maybe(word),
  reason: maybe(reason),
  waitsFor: list(word),
  syncRequested: z.boolean(),
  seconds: maybe(seconds),
  place: maybe(place),
  resources: count,
  notProven: list(z.strictObject({ why: message, resources: list(path) })),
  diagnosis: maybe(diagnosis),
});

/** The shape of a verdict, every string, list and number bounded, and nothing beside it. */
export const verdictShape = z.strictObject({
  schema: z.literal(verdictSchema),
  result: z.enum(["passed", "failed", "misused", "infrastructure"]),
  summary: message.min(1),
  error: maybe(z.strictObject({ message, where: maybe(place), fix: maybe(message) })),
  repository: maybe(
    z.strictObject({
      url: path,
      baseBranch: path,
      base: sha,
      head: sha,
      merge: sha,
      roots: list(z.strictObject({ kind: word, name: word, file: path, line: maybe(z.int().positive()) })),
    }),
  ),
  irrelevant: maybe(message.min(1)),
  changes: list(
    z.strictObject({
      path,
      kind: z.enum(["added", "modified", "deleted"]),
      applications: list(word),
    }),
    shownChanges,
  ),
  changed: count,
  weakened: list(z.strictObject({ setting: word, message, where: place, allowed: z.boolean() })),
  engine: maybe(z.strictObject({ name: z.enum(["simulated", "k3d", "existing"]), kubernetes: word })),
  argocd: maybe(z.strictObject({ running: word, pinned: maybe(word), source: path })),
  applications: list(application),
  applicationSets: list(
    z.strictObject({
      name,
      namespace: word,
      state,
      parent: maybe(word),
      reason: maybe(reason),
      generated: count,
    }),
  ),
  notes: list(message),
  evidence: maybe(
    z.strictObject({
      mergeServed: count,
      otherHosts: list(z.strictObject({ host: word, outcome: message, count })),
      artefacts: list(
        z.strictObject({
          what: message,
          from: z.enum(["cache", "upstream"]),
          why: message.optional(),
          count,
        }),
      ).optional(),
      refused: list(message).optional(),
    }),
  ),
  startedAt: z.iso.datetime(),
  timings: z.strictObject({
    clusterReady: maybe(seconds),
    argocdReady: maybe(seconds),
    applied: maybe(seconds),
    decided: maybe(seconds),
    total: seconds,
  }),
  usage: maybe(z.strictObject({ cpuSeconds: seconds, peakMemoryBytes: z.number().nonnegative() })),
});

type Shape = z.output<typeof verdictShape>;
/** Every key there, so that a key which only one side has cannot hide behind being optional. */
type Whole<T> = T extends object ? { [Key in keyof T]-?: Whole<T[Key]> } : T;
type Assignable<From, To> = [From] extends [To] ? true : false;

/** Where the interface and the shape are not the same, this does not compile. */
true satisfies Assignable<Shape, Verdict> &
  Assignable<Verdict, Shape> &
  Assignable<Whole<Shape>, Whole<Verdict>> &
  Assignable<Whole<Verdict>, Whole<Shape>>;
