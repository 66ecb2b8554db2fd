import { run } from "../runner/process.ts";
import { type Content, readContent } from "./content.ts";
import { git, gitEnvironment, temporaryFolder } from "./git-fixture.ts";
import { openTree, type Tree } from "./tree.ts";

/** The URL by which the manifests of tests name their own repository. */
export const ownUrl = "https://git.example.org/you/homelab.git";

export const isOwn = (url: string) => url === ownUrl;

/** A repository of one commit, removed when disposed. */
export interface CommittedTree extends AsyncDisposable {
  tree: Tree;
  content(scope?: string): Promise<Content>;
}

/** Files by path: their content, or where a symbolic link leads. */
export type CommittedFiles = Record<string, string | Uint8Array | { link: string }>;

/** Commits without a working copy: two calls of git, where a checkout needs six. */
export async function committed(files: CommittedFiles): Promise<CommittedTree> {
  const folder = await temporaryFolder();
  await git(folder.path, "init", "--quiet", "--bare", "--template=");
  const stream: (string | Buffer)[] = [
    "commit refs/heads/main\nmark :1\ncommitter Someone <someone@example.com> 0 +0000\n",
    data(""),
  ];
  for (const [path, file] of Object.entries(files)) {
    const isLink = typeof file === "object" && "link" in file;
    stream.push(
      `M ${isLink ? "120000" : "100644"} inline ${JSON.stringify(path)}\n`,
      data(isLink ? file.link : file),
    );
  }
  stream.push("get-mark :1\n");
  const { stdout } = await run("git", ["fast-import", "--quiet"], {
    cwd: folder.path,
    env: gitEnvironment,
    input: Buffer.concat(stream.map((part) => Buffer.from(part))),
  });
  const tree = await openTree(folder.path, stdout.trim());
  return {
    tree,
    content: (scope = "") => readContent(tree, scope),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

function data(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from("\n")]);
}

/** An Application that deploys a path of its own repository; `extra` is added to its source. */
export function application(name: string, path: string, extra = ""): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: ${name}
  namespace: argocd
spec:
  project: default
  source:
    repoURL: ${ownUrl}
    targetRevision: main
    path: ${path}
${extra.replace(/^(?=.)/gm, "    ")}
  destination:
    server: https://kubernetes.default.svc
    namespace: ${name}
`;
}

/** An ApplicationSet with one Application for each folder that `pattern` matches. */
export function folderSet(name: string, pattern: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: ${name}
  namespace: argocd
spec:
  goTemplate: true
  generators:
    - git:
        repoURL: ${ownUrl}
        revision: main
        directories:
          - path: ${pattern}
  template:
    metadata:
      name: "${name}-{{ .path.basename }}"
    spec:
      project: default
      source:
        repoURL: ${ownUrl}
        targetRevision: main
        path: "{{ .path.path }}"
      destination:
        server: https://kubernetes.default.svc
        namespace: "{{ .path.basename }}"
`;
}

export function project(name: string): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: ${name}
  namespace: argocd
spec:
  sourceRepos: ["*"]
  destinations: [{ server: "*", namespace: "*" }]
`;
}
