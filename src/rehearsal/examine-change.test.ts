import { cp } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { openCheckout } from "../repository/checkout.ts";
import { emptyConfig } from "../repository/config.ts";
import {
  commit,
  createRepository,
  type Files,
  git,
  gitEnvironment,
  type TemporaryFolder,
  temporaryFolder,
} from "../repository/git-fixture.ts";
import { application, ownUrl } from "../repository/tree-fixture.ts";
import { silentLog } from "../runner/log.ts";
import { ownProcesses } from "../runner/owned-processes.ts";
import { type ExaminedChange, examineChange } from "./examine-change.ts";
import { readVerdict } from "./read-verdict.ts";
import type { RehearsalRequest } from "./request.ts";
import { clock } from "./verdict-fixture.ts";

const homelab = {
  "README.md": "# Homelab\n",
  ".rehearsal.yaml": "timeout: 1m\n",
  "root.yaml": application("root", "apps"),
  "apps/web.yaml": application("web", "web", "helm:\n  valueFiles: [../envs/home.yaml]"),
  "web/Chart.yaml": "name: web\nversion: 1.0.0\n",
  "envs/home.yaml": "a: 1\n",
  "argocd/values.yaml": "configs:\n  cm:\n    url: https://x\n",
};

let folder: TemporaryFolder;
let template = "";
let counter = 0;
let path = "";

beforeAll(async () => {
  for (const [name, value] of Object.entries(gitEnvironment)) vi.stubEnv(name, value);
  folder = await temporaryFolder();
  template = `${folder.path}/template`;
  await createRepository(template, homelab);
  await git(template, "remote", "add", "origin", ownUrl);
  await git(template, "switch", "--quiet", "-c", "change");
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

beforeEach(async () => {
  path = `${folder.path}/${counter++}`;
  await cp(template, path, { recursive: true });
});

async function examine(
  files: Files,
  request: Partial<
    Pick<RehearsalRequest, "configFrom" | "onlyIfRelevant" | "fetch" | "overrides" | "log">
  > = {},
): Promise<ExaminedChange> {
  await commit(path, files);
  await using processes = ownProcesses();
  const whole: RehearsalRequest = {
    checkout: await openCheckout(path),
    base: "main",
    baseBranch: "main",
    worktree: false,
    fetch: false,
    guardHost: false,
    engine: undefined,
    engineFor() {
      throw new Error("an engine was asked for");
    },
    config: emptyConfig(),
    configFrom: "base",
    onlyIfRelevant: true,
    log: silentLog,
    signal: new AbortController().signal,
    onProgress() {},
    ...request,
  };
  return await examineChange(whole, processes, clock);
}

test("offline, the checkout's own remote is not asked either", async () => {
  const steps: string[] = [];
  const log = {
    ...silentLog,
    step(title: string) {
      steps.push(title);
      return silentLog.step(title);
    },
  };
  await examine({ "web/values.yaml": "b: 2\n" }, { fetch: true, overrides: { offline: true }, log });
  expect(steps).toContain("Merging head into base");
  expect(steps.filter((title) => title.startsWith("Fetching"))).toEqual([]);
});

describe("a change that Argo CD cannot notice", () => {
  test("passes with its reason, and what it changes", async () => {
    const { verdict, world } = await examine({ "README.md": "# Lab\n" });
    expect(verdict).toMatchObject({
      result: "passed",
      irrelevant: expect.stringMatching(/^the only file that changes is documentation/),
      repository: { base: world.base, head: world.head, merge: world.merge, baseBranch: "main" },
      changes: [{ path: "README.md", kind: "modified", applications: [] }],
      changed: 1,
      applications: [],
    });
    expect(verdict?.summary).toMatch(/^Nothing to rehearse: the only file/);
    expect(readVerdict(JSON.stringify(verdict))).toEqual(verdict);
  });

  test("is rehearsed where nobody asked for that", async () => {
    const { verdict } = await examine({ "README.md": "# Lab\n" }, { onlyIfRelevant: undefined });
    expect(verdict).toBeUndefined();
  });

  test("is noticed by what the branch has beside it, also where the merge has it already", async () => {
    const both = { "web/values.yaml": "a: 1\n" };
    await git(path, "switch", "--quiet", "main");
    await commit(path, both);
    await git(path, "switch", "--quiet", "change");
    const { verdict, changed } = await examine({ ...both, "README.md": "# Lab\n" });
    expect(changed.map((file) => file.path)).toEqual(["README.md"]);
    expect(verdict).toBeUndefined();
  });

  test("has to change something", async () => {
    expect((await examine({})).verdict).toBeUndefined();
  });
});

describe("a change that weakens Argo CD", () => {
  const weaker = { "argocd/values.yaml": "configs:\n  cm:\n    exec.enabled: true\n" };

  test("fails before anything is started", async () => {
    const { verdict } = await examine(weaker);
    expect(verdict).toMatchObject({
      result: "failed",
      error: { where: { file: "argocd/values.yaml", line: 3 } },
      weakened: [{ setting: "argocd-access", allowed: false }],
      changed: 1,
    });
    expect(readVerdict(JSON.stringify(verdict))).toEqual(verdict);
  });

  test("cannot allow itself to", async () => {
    const { verdict } = await examine({ ...weaker, ".rehearsal.yaml": "allow: [argocd-access]\n" });
    expect(verdict?.result).toBe("failed");
  });

  test("goes on where the base allows it", async () => {
    await git(path, "switch", "--quiet", "main");
    await commit(path, { ".rehearsal.yaml": "allow: [argocd-access]\n" });
    await git(path, "switch", "--quiet", "change");
    const { verdict, weakened } = await examine(weaker);
    expect(verdict).toBeUndefined();
    expect(weakened).toMatchObject([{ setting: "argocd-access", allowed: true }]);
  });

  test("goes on with a note on the command line", async () => {
    const { verdict, notes } = await examine(weaker, { configFrom: "checkout" });
    expect(verdict).toBeUndefined();
    expect(notes.join("\n")).toContain("on GitHub this is red until allow lists argocd-access on the base");
  });
});

describe("what the change says of the rehearsal", () => {
  test("does not count, and is told of", async () => {
    const { request, notes } = await examine({ ".rehearsal.yaml": "timeout: 9h\nroots: [evil]\n" });
    expect(request.config).toMatchObject({ timeoutMs: 60_000, roots: [] });
    expect(notes.join("\n")).toContain("This change edits .rehearsal.yaml.");
  });

  test("has to be valid", async () => {
    await expect(examine({ ".rehearsal.yaml": "tiemout: 9h\n" })).rejects.toThrow("tiemout is not a key");
  });

  test("does not make another repository this one", async () => {
    const evil = "https://git.example.org/evil/homelab.git";
    const { world } = await examine({
      "root.yaml": application("root", "apps").replace(ownUrl, evil),
      "apps/web.yaml": application("web", "web").replace(ownUrl, evil),
      ".rehearsal.yaml": `repository: {aliases: [${evil}]}\n`,
    });
    expect(world.urls).toEqual(["https://git.example.org/you/homelab"]);
  });
});
