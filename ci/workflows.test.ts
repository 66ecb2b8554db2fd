import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../src/runner/package-root.ts";
import { readGoModules } from "../src/toolchain/go-module.ts";
import { thisPlatform } from "../src/toolchain/platform.ts";
import { toolchainBuilds, toolchainKey } from "../src/toolchain/recipe.ts";

// What only GitHub enforces, act does not reproduce: here the files are held to it.

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, unknown>;
}

interface Job {
  name?: string;
  if?: string;
  needs?: string[];
  uses?: string;
  steps?: Step[];
  permissions?: Record<string, string>;
  secrets?: unknown;
  "timeout-minutes"?: number;
}

interface Workflow {
  name: string;
  on: Record<string, { types?: string[]; workflows?: string[] } | null>;
  permissions?: unknown;
  concurrency?: { group: string; "cancel-in-progress": unknown };
  jobs: Record<string, Job>;
}

const folders = [".github/workflows", "examples/workflows"];
const files = (await Promise.all(folders.map(workflowsIn))).flat();
const every = Object.fromEntries(files.map(({ path, workflow }) => [path, workflow]));
const jobs = files.flatMap(({ path, text, workflow }) =>
  Object.entries(workflow.jobs).map(([id, job]) => ({ path, text, workflow, id, job })),
);
const steps = jobs.flatMap(({ path, id, job }) => (job.steps ?? []).map((step) => ({ path, id, step })));

async function workflowsIn(folder: string) {
  const names = (await readdir(join(packageRoot(), folder))).filter((name) => name.endsWith(".yml"));
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(packageRoot(), folder, name), "utf8");
      return { path: `${folder}/${name}`, text, workflow: parse(text) as Workflow };
    }),
  );
}

function workflow(path: string): Workflow {
  const found = every[path];
  if (found === undefined) throw new Error(`no ${path}`);
  return found;
}

function jobOf(path: string, id: string): Job {
  const job = workflow(path).jobs[id];
  if (job === undefined) throw new Error(`no job ${id} in ${path}`);
  return job;
}

const gated = [
  ".github/workflows/rehearse.yml",
  ".github/workflows/pull-request.yml",
  "examples/workflows/composed.yml",
] as const;

test("every file that GitHub reads has no permission at its top, and each job says what it needs", () => {
  expect(files.filter(({ workflow: { permissions } }) => JSON.stringify(permissions) !== "{}")).toEqual([]);
  expect(
    jobs.filter(({ job }) => job.permissions === undefined).map(({ path, id }) => `${path} ${id}`),
  ).toEqual([]);
});

test("every permission has its reason beside it", () => {
  const bare = files.flatMap(({ path, text }) =>
    text
      .split("\n")
      .filter((line) => /^\s+[a-z-]+: (?:read|write)\s*$/.test(line))
      .map((line) => `${path}:${line}`),
  );
  expect(bare).toEqual([]);
});

test("a job that runs what a pull request declares may read the repository, and nothing else", () => {
  const rehearsing = [
    ...gated.map((path) => jobOf(path, "rehearse")),
    jobOf("examples/workflows/one-step.yml", "rehearse"),
  ];
  for (const job of rehearsing) expect(job.permissions).toEqual({ contents: "read" });
});

test("no secret but the token of the job reaches a workflow", () => {
  const named = files.filter(
    ({ path, text }) => !path.endsWith("release.yml") && /\bsecrets\b/.test(withoutComments(text)),
  );
  expect(named.map(({ path }) => path)).toEqual([]);
});

test("no checkout leaves credentials behind", () => {
  const checkouts = steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@"));
  expect(checkouts.length).toBeGreaterThan(4);
  for (const { path, step } of checkouts)
    expect({ path, value: step.with?.["persist-credentials"] }).toEqual({ path, value: false });
});

test("what is rehearsed is the head of the pull request or of the merge group, with all history", () => {
  const heads = [...gated, "examples/workflows/one-step.yml"].map((path) =>
    jobOf(path, "rehearse").steps?.find((step) => step.uses?.startsWith("actions/checkout@")),
  );
  for (const step of heads)
    expect(step?.with).toMatchObject({
      ref: expression("github.event.pull_request.head.sha || github.event.merge_group.head_sha"),
      "fetch-depth": 0,
    });
});

test("no expression is part of a script", () => {
  expect(
    steps.filter(({ step }) => step.run?.includes("${{")).map(({ path, id }) => `${path} ${id}`),
  ).toEqual([]);
});

test("the report has no checkout and runs no script", () => {
  const report = jobOf(".github/workflows/report.yml", "report");
  expect(report.steps?.map(({ uses }) => uses?.replace(/@.*/, ""))).toEqual([
    "gitops-rehearsal/rehearsal/actions/report-verdict",
  ]);
  expect(report.permissions).toEqual({
    actions: "read",
    checks: "write",
    "pull-requests": "write",
  });
});

test("each report waits for the workflow of the rehearsal, by its name", () => {
  const reports = {
    "examples/workflows/rehearsal-report.yml": "examples/workflows/rehearsal.yml",
    ".github/workflows/pull-request-report.yml": ".github/workflows/pull-request.yml",
  };
  for (const [path, of] of Object.entries(reports))
    expect(workflow(path).on.workflow_run).toEqual({ workflows: [workflow(of).name], types: ["completed"] });
});

test("only what runs from the default branch may write", () => {
  const writing = jobs.filter(({ job }) => Object.values(job.permissions ?? {}).includes("write"));
  for (const {
    path,
    workflow: { on },
  } of writing.filter(({ path }) => !path.endsWith("release.yml")))
    expect({ path, events: Object.keys(on) }).toEqual({
      path,
      events: [path === ".github/workflows/report.yml" ? "workflow_call" : "workflow_run"],
    });
  expect(writing.length).toBeGreaterThan(2);
});

test("a workflow that is called asks for no more than its caller grants", () => {
  const calls = {
    "examples/workflows/rehearsal.yml": "rehearse.yml",
    "examples/workflows/rehearsal-report.yml": "report.yml",
  };
  for (const [path, called] of Object.entries(calls)) {
    const [caller] = Object.values(workflow(path).jobs);
    expect(caller?.uses).toMatch(new RegExp(`/${called}@`));
    const asked = Object.values(workflow(`.github/workflows/${called}`).jobs).map(
      ({ permissions }) => permissions,
    );
    expect(caller?.permissions).toEqual(Object.assign({}, ...asked));
  }
});

test("the gate reports always, under one name, on all that was rehearsed", () => {
  for (const path of gated) {
    const { gate, ...others } = workflow(path).jobs;
    expect({ ...gate, steps: [], permissions: {} }).toMatchObject({
      name: "Rehearsal gate",
      if: expression("always()"),
      needs: Object.keys(others),
    });
    const decide = gate?.steps?.find((step) => step.uses?.includes("actions/gate-merge"));
    expect(decide?.with).toMatchObject({ needs: expression("toJSON(needs)") });
    expect(gate?.permissions).toEqual({ contents: "read", "pull-requests": "read" });
  }
  // The required check is "<job> / <name>", and the job has no name of its own.
  expect(workflow("examples/workflows/rehearsal.yml").jobs.rehearsal?.name).toBeUndefined();
});

test("what asks for a merge starts a rehearsal, a change of the base included", () => {
  for (const path of [
    "examples/workflows/rehearsal.yml",
    "examples/workflows/one-step.yml",
    "examples/workflows/composed.yml",
    ".github/workflows/pull-request.yml",
  ]) {
    const { on } = workflow(path);
    expect(on.pull_request?.types).toEqual([
      "opened",
      "synchronize",
      "reopened",
      "ready_for_review",
      "edited",
    ]);
    expect(on).toHaveProperty("merge_group");
    // A required check of a workflow that a filter skips stays pending for ever.
    expect(Object.keys(on.pull_request ?? {})).toEqual(["types"]);
  }
});

test("a newer commit ends older rehearsals of its pull request, and never one of the merge queue", () => {
  const queued = files.filter(({ workflow: { on } }) => typeof on === "object" && "merge_group" in on);
  expect(queued.length).toBeGreaterThan(3);
  for (const {
    path,
    workflow: { concurrency },
  } of queued) {
    expect({ path, group: concurrency?.group }).toEqual({
      path,
      group: expect.stringMatching(
        /^[a-z-]+-\$\{\{ github\.event\.pull_request\.number \|\| github\.run_id \}\}$/,
      ),
    });
    expect(concurrency?.["cancel-in-progress"]).toBe(expression("github.event_name == 'pull_request'"));
  }
});

test("every action is pinned to a commit with its version beside it, our own excepted", () => {
  const uses = files.flatMap(({ path, text }) =>
    [...text.matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, used = ""]) => ({ path, used })),
  );
  const loose = uses.filter(
    ({ used }) =>
      !/^[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used) &&
      !/^gitops-rehearsal\/rehearsal[\w./-]*@main$/.test(used) &&
      !used.startsWith("./"),
  );
  expect(loose).toEqual([]);
  const pins = new Map<string, Set<string>>();
  for (const { used } of uses.filter(({ used }) => used.includes(" # "))) {
    const [name = "", pin = ""] = used.split("@");
    pins.set(name, (pins.get(name) ?? new Set()).add(pin));
  }
  expect([...pins].filter(([, versions]) => versions.size > 1)).toEqual([]);
});

test("every job ends by itself", () => {
  const endless = jobs.filter(({ job }) => job.uses === undefined && job["timeout-minutes"] === undefined);
  expect(endless.map(({ path, id }) => `${path} ${id}`)).toEqual([]);
});

test("every job of CI is in the needs of ci-ok, which runs always", () => {
  const { "ci-ok": last, ...others } = workflow(".github/workflows/ci.yml").jobs;
  expect(last?.needs).toEqual(Object.keys(others));
  expect(last?.if).toBe(expression("always()"));
});

test("the toolchain is kept under its own key", async () => {
  const modules = await readGoModules(join(packageRoot(), "ci/toolchain"));
  const key = await toolchainKey(toolchainBuilds(modules, thisPlatform()));
  const cache = jobOf(gated[0], "rehearse").steps?.find((step) => step.uses?.startsWith("actions/cache@"));
  expect(cache?.with?.key).toMatch(new RegExp(`-${key}$`));
});

function expression(text: string): string {
  return `\${{ ${text} }}`;
}

function withoutComments(text: string): string {
  return text.replace(/(?:^|\s)#.*$/gm, "");
}
