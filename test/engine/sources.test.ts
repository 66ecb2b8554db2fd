import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { commitAll, rehearse } from "./quickstart.ts";

const url = "https://git.example.com/you/homelab.git";

function application(name: string, targetRevision: string, automated: boolean): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: ${url}
    targetRevision: ${targetRevision}
    path: ${name === "root" ? "apps" : "settings"}
  destination:
    server: https://kubernetes.default.svc
    namespace: ${name === "root" ? "argocd" : name}
  syncPolicy:
${automated ? "    automated: {}\n" : ""}    syncOptions: [CreateNamespace=true]
`;
}

function settings(value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  value: ${value}\n`;
}

test("tags, ranges, commits and other branches keep their meaning; what follows the base gets the merge", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sources-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  await write("settings/settings.yaml", settings("first"));
  const git = await commitAll(folder);
  const commit = async (message: string) => {
    await git("add", "--all");
    await git("commit", "--quiet", `--message=${message}`);
    return (await git("rev-parse", "HEAD")).trim();
  };
  const first = (await git("rev-parse", "HEAD")).trim();
  await git("tag", "v1.0.0");
  await write("settings/settings.yaml", settings("second"));
  const second = await commit("second");
  await git("tag", "--annotate", "--message=v1.2.0", "v1.2.0");
  await git("switch", "--quiet", "--create", "staging");
  await write("settings/settings.yaml", settings("staging"));
  const staging = await commit("staging");
  await git("switch", "--quiet", "main");
  await write("root.yaml", application("root", "main", true));
  const applications = {
    branch: "refs/heads/main",
    head: "HEAD",
    tag: "v1.0.0",
    range: "1.*",
    pinned: first,
    staging: "staging",
  };
  for (const [name, revision] of Object.entries(applications))
    await write(`apps/${name}.yaml`, application(name, revision, true));
  await write("apps/manual.yaml", application("manual", "main", false));
  await write("settings/settings.yaml", settings("base"));
  await commit("base");
  await git("switch", "--quiet", "--create", "production");
  await write("settings/settings.yaml", settings("change"));
  await commit("change");

  const { exitCode, verdict } = await rehearse(folder, "--base", "main", "--head", "production");
  expect({ exitCode, result: verdict.result }, verdict.summary).toEqual({ exitCode: 0, result: "passed" });
  const merge = verdict.repository?.merge;
  const revisions = Object.fromEntries(
    verdict.applications.map(({ name, sources }) => [name, [sources[0]?.kind, sources[0]?.revision]]),
  );
  expect(revisions).toEqual({
    root: ["merge", merge],
    branch: ["merge", merge],
    head: ["merge", merge],
    manual: ["merge", merge],
    tag: ["pinned", first],
    range: ["pinned", second],
    pinned: ["pinned", first],
    staging: ["pinned", staging],
  });
  expect(verdict.applications.filter(({ syncRequested }) => syncRequested).map(({ name }) => name)).toEqual([
    "manual",
  ]);
  expect(verdict.evidence?.mergeServed).toBeGreaterThan(0);
});
