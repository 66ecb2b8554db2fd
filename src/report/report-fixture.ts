import type { ApplicationVerdict, Verdict } from "../rehearsal/verdict.ts";
import { application, clock, failed, verdict } from "../rehearsal/verdict-fixture.ts";
import { evil } from "./hostile-fixture.ts";
import { defaultInstance, type Outcome, type ReportContext } from "./outcome.ts";

export const context: ReportContext = {
  serverUrl: "https://github.com",
  repository: "gitops-rehearsal/homelab",
  runUrl: "https://github.com/gitops-rehearsal/homelab/actions/runs/1234567890",
  instance: defaultInstance,
  head: "c0ffee5eed".repeat(4),
};

const repository: Verdict["repository"] = {
  url: "https://github.com/gitops-rehearsal/homelab",
  baseBranch: "main",
  base: "b".repeat(40),
  head: "c0ffee5eed".repeat(4),
  merge: "a".repeat(40),
  roots: [{ kind: "Application", name: "root", file: "clusters/home/root.yaml", line: 1 }],
};

const children = [
  ...["argocd", "cert-manager", "cilium", "external-dns", "feeds", "grafana", "home-assistant", "immich"],
  ...["ingress-nginx", "jellyfin", "longhorn", "metallb", "paperless", "prometheus", "renovate", "vault"],
];

const notProven = [
  { why: "no container ran", resources: ["Deployment web/web", "StatefulSet web/db"] },
  { why: "no schedule came due", resources: ["CronJob web/backup"] },
];

/** A homelab of 17 Applications, all of which passed but for what a test changes. */
export function homelab(changes: Record<string, Partial<ApplicationVerdict>> = {}): ApplicationVerdict[] {
  return ["root", ...children].map((name, index) =>
    application(name, {
      seconds: 3 + index,
      parent: name === "root" ? undefined : "root",
      place: { file: `applications/${name}.yaml`, line: 1 },
      resources: index,
      notProven: index % 3 === 1 ? notProven : [],
      ...changes[name],
    }),
  );
}

const change = {
  repository,
  changed: 3,
  changes: [
    { path: "applications/feeds/base/migrate.yaml", kind: "modified", applications: ["feeds"] },
    { path: "applications/feeds/base/kustomization.yaml", kind: "added", applications: ["feeds"] },
    { path: "README.md", kind: "deleted", applications: [] },
  ],
  argocd: { running: "v3.6.1", pinned: undefined, source: "the chart argo-cd 9.2.2" },
  evidence: {
    mergeServed: 41,
    otherHosts: [{ host: "charts.jetstack.io", outcome: "answered", count: 2 }],
  },
  usage: { cpuSeconds: 20.4, peakMemoryBytes: 2.9e9 },
} as const satisfies Partial<Verdict>;

export const green = verdict(homelab(), {
  ...change,
  result: "passed",
  summary: "All 17 Applications are Synced and Healthy at the merge result.",
  notes: ["The chart of Argo CD came from the cache."],
});

const crash = {
  pods: [
    {
      pod: "grafana/grafana-76dfc4b4fb-frxh7",
      node: "k3d-rehearsal-agent-0",
      state: "Running, not ready",
      lines: [
        "container grafana crashes: exit code 1, 5 times so far",
        '  log: logger=migrator level=info msg="Starting DB migrations"',
        "  log: Error: ✗ failed to connect to database: dial tcp: lookup db on 10.43.0.10:53: no such host",
        "event BackOff: Back-off restarting failed container grafana",
      ],
    },
  ],
  others: ["event FailedCreate of ReplicaSet grafana: exceeded quota: compute"],
  nodes: [],
  incomplete: ["log of grafana-2, grafana: no answer in time"],
};

/** Three causes, Pods that told something, a shared reason, and Applications that wait. */
export const red = verdict(
  homelab({
    feeds: {
      state: "failed",
      health: "Degraded",
      seconds: undefined,
      reason: {
        code: "hook",
        class: "change",
        message: "PreSync hook failed: Job has reached the specified backoff limit",
        resource: { group: "batch", kind: "Job", namespace: "feeds", name: "feeds-migrate" },
        place: { file: "applications/feeds/base/migrate.yaml", line: 4 },
        finality: "it failed 2 times (its retry limit is 2)",
      },
    },
    grafana: {
      state: "failed",
      health: "Progressing",
      seconds: undefined,
      reason: {
        code: "crash",
        class: "change",
        message: "container grafana crashes: exit code 1, 5 times so far",
        resource: { group: "apps", kind: "Deployment", namespace: "grafana", name: "grafana" },
        place: { file: "applications/grafana/deployment.yaml", line: 2 },
      },
      diagnosis: crash,
    },
    immich: {
      ...failed("immich", {
        code: "missing-namespace",
        message: 'namespaces "immich" not found',
        finality: "nothing else made progress for 15 s",
      }),
      parent: "root",
      sync: "OutOfSync",
      health: "Missing",
      seconds: undefined,
      place: { file: "applications/immich.yaml", line: 1 },
    },
    jellyfin: {
      ...failed("jellyfin", { code: "missing-namespace", message: 'namespaces "jellyfin" not found' }),
      parent: "root",
      sync: "OutOfSync",
      health: "Missing",
      seconds: undefined,
    },
    root: {
      state: "waiting",
      health: "Progressing",
      seconds: undefined,
      waitsFor: ["feeds", "grafana", "immich"],
    },
  }),
  {
    ...change,
    summary: "5 of 17 Applications did not pass; at fault: feeds, grafana, immich, jellyfin.",
    engine: { name: "k3d", kubernetes: "v1.37.2+k3s1" },
    weakened: [
      {
        setting: "argocd-plugins",
        message: "the merge adds the plugin `sops` to the repo-server",
        where: { file: "infrastructure/argocd/values.yaml", line: 12 },
        allowed: true,
      },
    ],
  },
);

/** The rehearsal could not be carried out. */
export const infrastructure = verdict(
  homelab({
    vault: {
      ...failed("vault", {
        code: "transport",
        class: "infrastructure",
        message:
          'failed to fetch chart: Get "https://helm.releases.hashicorp.com/index.yaml": dial tcp 18.239.36.12:443: i/o timeout',
      }),
      parent: "root",
      seconds: undefined,
    },
  }),
  {
    ...change,
    result: "infrastructure",
    summary: "1 of 17 Applications did not pass; not for a reason in the change: vault.",
  },
);

/** The change is broken before anything could start. */
export const conflict = verdict([], {
  summary: "the merge of c0ffee5e into main conflicts",
  error: {
    message: "the merge of c0ffee5e into main conflicts",
    where: { file: "applications/feeds.yaml", line: 7 },
    fix: "Merge main into your branch, and resolve it there.",
  },
  repository: undefined,
  engine: undefined,
  argocd: undefined,
});

/** Wrong use. */
export const misused = verdict([], {
  result: "misused",
  summary: "roots: clusters/hom/root.yaml is not there",
  error: {
    message: "roots: clusters/hom/root.yaml is not there",
    where: { file: ".rehearsal.yaml", line: 3 },
    fix: "Name a file or folder that exists in the base.",
  },
  repository: undefined,
  engine: undefined,
  argocd: undefined,
});

/** No Argo CD could notice the change. */
export const irrelevant = verdict([], {
  result: "passed",
  summary: "Nothing to rehearse: only documentation changes.",
  irrelevant: "no Application, no root and no setting of Argo CD is touched by its 1 file.",
  repository,
  changes: [{ path: "docs/house rules (new).md", kind: "modified", applications: [] }],
  changed: 1,
  engine: undefined,
  argocd: undefined,
  startedAt: clock.startedAt,
});

/** As large as an honest repository gets, and most of it broken. */
export const huge = verdict(
  Array.from({ length: 500 }, (_, index) => ({
    ...failed(`application-${index}`, {
      code: index % 5 === 0 ? "hook" : "sync",
      message: `${String.fromCharCode(97 + (index % 26)).repeat(index % 40)} ${"the server said no. ".repeat(60)}`,
      place: { file: `applications/application-${index}/deployment.yaml`, line: index + 1 },
    }),
    parent: index === 0 ? undefined : `application-${Math.floor(index / 20)}`,
    notProven,
    diagnosis: index % 3 === 0 ? crash : undefined,
  })),
  {
    ...change,
    summary: "500 of 500 Applications did not pass.",
    notes: Array.from({ length: 40 }, (_, index) =>
      `Note ${index} says what a reader has to know. `.repeat(4),
    ),
    changes: Array.from({ length: 500 }, (_, index) => ({
      ...{ path: `applications/application-${index}/deployment.yaml`, kind: "modified" as const },
      applications: [`application-${index}`],
    })),
    changed: 900,
  },
);

/** Every report that is worth looking at, by the name of its page. */
export const reports: Record<string, Outcome> = {
  green: { verdict: green },
  red: { verdict: red },
  infrastructure: { verdict: infrastructure },
  conflict: { verdict: conflict },
  misused: { verdict: misused },
  irrelevant: { verdict: irrelevant },
  missing: { missing: "the job was killed before it could say anything" },
  evil: { verdict: evil },
  huge: { verdict: huge },
};
