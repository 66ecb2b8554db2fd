import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commitAll } from "../engine/quickstart.ts";

/** A small GitOps repository, as actions/checkout leaves it: `origin/main`, and the change as a detached HEAD. */
export interface Checkout extends AsyncDisposable {
  folder: string;
  base: string;
  head: string;
  git(...args: string[]): Promise<string>;
}

const url = "https://github.com/you/homelab";

function application(name: string, path: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: ${url}
    targetRevision: main
    path: ${JSON.stringify(path)}
  destination:
    server: https://kubernetes.default.svc
    namespace: default
  syncPolicy:
    automated: {}
`;
}

const configMap = (value: string) => `apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  value: ${value}
`;

/** Two Applications, `homelab` and its child `web`; `web` is where the change has it point. */
export async function checkout(change: { web?: string } = {}): Promise<Checkout> {
  const folder = await mkdtemp(join(tmpdir(), "workspace-"));
  const write = async (files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  };
  await write({
    "root.yaml": application("homelab", "applications"),
    "applications/web.yaml": application("web", "manifests/web"),
    "manifests/web/config.yaml": configMap("before"),
  });
  const git = await commitAll(folder);
  const base = (await git("rev-parse", "HEAD")).trim();
  await git("remote", "add", "origin", url);
  await git("update-ref", "refs/remotes/origin/main", base);
  await git("switch", "--quiet", "--detach");
  await git("branch", "--quiet", "--delete", "--force", "main");
  await write({
    "applications/web.yaml": application("web", change.web ?? "manifests/web"),
    "manifests/web/config.yaml": configMap("after"),
  });
  await git("commit", "--quiet", "--all", "--message=change");
  const head = (await git("rev-parse", "HEAD")).trim();
  return {
    folder,
    base,
    head,
    git,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The parts of GitHub's payload that an action reads. */
export function pullRequest({ base, head }: { base: string; head: string }, draft = false) {
  const repository = { full_name: "you/homelab", owner: { login: "you" }, default_branch: "main" };
  return {
    name: "pull_request",
    payload: {
      action: "synchronize",
      repository,
      pull_request: {
        number: 7,
        draft,
        head: { sha: head, ref: "change", user: { login: "you" }, repo: repository },
        base: { sha: base, ref: "main", repo: repository },
      },
    },
  };
}
