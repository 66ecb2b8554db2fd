import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { packageRoot } from "../../src/runner/package-root.ts";
import { run } from "../../src/runner/process.ts";

/** A Git repository made for one measurement; disposing removes it. */
export interface Workload extends AsyncDisposable {
  /** The checkout: `main`, and a branch `change` on top of it. */
  folder: string;
  /** How many Applications a rehearsal of it finds: the generated ones and their root. */
  expected: number;
}

/**
 * Of each generated Deployment, of which every Pod is a Pod more on the node. With Argo CD's and the system's
 * own, 50 Applications nearly fill the 110 that a kubelet takes unless told otherwise.
 */
const replicas = 2;
export const mostOnOneNode = 50;

/** How long Applications must stay healthy before that counts; short, and subtracted from what is measured. */
export const settleSeconds = 1;

const k3dFile = "k3d.yaml";
const url = "https://github.com/gitops-rehearsal/generated.git";
/** Published, and among the images of ci/stand-in: what is rehearsed has to run where containers do. */
const image = "docker.io/library/busybox:1.37";
const namespaces = 5;
const when = "2026-01-01T00:00:00Z";

/**
 * Writes a repository with `count` Applications into a temporary folder: one root App of Apps, a small
 * Helm chart in Git for each, and a change of one of them on a branch. The same arguments give the same
 * commits, whoever generates it. `k3dConfig` is a configuration of k3d for the repository to bring.
 */
export async function generateWorkload(count: number, k3dConfig?: string): Promise<Workload> {
  const folder = await mkdtemp(join(tmpdir(), `bench-${count}-`));
  const env = {
    GIT_AUTHOR_NAME: "Bench",
    GIT_AUTHOR_EMAIL: "bench@example.com",
    GIT_AUTHOR_DATE: when,
    GIT_COMMITTER_NAME: "Bench",
    GIT_COMMITTER_EMAIL: "bench@example.com",
    GIT_COMMITTER_DATE: when,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
  };
  const git = (...args: string[]) => run("git", args, { cwd: folder, env });
  await git("init", "--quiet", "--initial-branch=main");
  const examples = join(packageRoot(), "examples/quickstart/infrastructure/argocd/values.yaml");
  await writeAll(folder, [
    ...workloadFiles(count, k3dConfig),
    ["infrastructure/argocd/values.yaml", await readFile(examples, "utf8")],
  ]);
  await git("add", "--all");
  await git("commit", "--quiet", `--message=${count} Applications`);
  await git("switch", "--quiet", "--create", "change");
  await writeAll(folder, [[`charts/${nameOf(0)}/values.yaml`, values(0, "changed")]]);
  await git("commit", "--quiet", "--all", "--message=Change one of them");
  return {
    folder,
    expected: count + 1,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function writeAll(folder: string, files: readonly (readonly [string, string])[]): Promise<void> {
  await Promise.all(
    files.map(async ([path, text]) => {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }),
  );
}

/** The files of a repository with `count` Applications, as pairs of path and text. */
export function workloadFiles(count: number, k3dConfig?: string): [string, string][] {
  const k3d = k3dConfig === undefined ? {} : { k3d: { config: k3dFile } };
  const files: [string, string][] = [
    [".rehearsal.yaml", stringify({ ...config, ...k3d })],
    ...(k3dConfig === undefined ? [] : [[k3dFile, k3dConfig] satisfies [string, string]]),
    ["root.yaml", stringify(application("root", "argocd", "applications"))],
  ];
  for (let index = 0; index < namespaces; index++) {
    const name = namespaceOf(index);
    files.push([
      `applications/namespace-${name}.yaml`,
      stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } }),
    ]);
  }
  for (let index = 0; index < count; index++) {
    const name = nameOf(index);
    files.push(
      [`applications/${name}.yaml`, stringify(application(name, namespaceOf(index), `charts/${name}`))],
      [`charts/${name}/Chart.yaml`, stringify({ apiVersion: "v2", name, version: "1.0.0" })],
      [`charts/${name}/values.yaml`, values(index, "initial")],
      ...Object.entries(templates).map(([file, text]): [string, string] => [
        `charts/${name}/templates/${file}`,
        text,
      ]),
    );
  }
  return files;
}

const config = {
  repository: { url },
  settle: `${settleSeconds}s`,
  timeout: "30m",
  egress: "restricted",
  // A host that nowhere exists (RFC 2606): with or without a network, Argo CD comes from its release
  // manifests, so that figures of two machines can be compared.
  argocd: { repository: "https://charts.invalid" },
};

function nameOf(index: number): string {
  return `app-${String(index).padStart(4, "0")}`;
}

function namespaceOf(index: number): string {
  return `team-${index % namespaces}`;
}

function application(name: string, namespace: string, path: string) {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: "argocd" },
    spec: {
      project: "default",
      source: { repoURL: url, targetRevision: "main", path },
      destination: { server: "https://kubernetes.default.svc", namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
}

function values(index: number, greeting: string): string {
  return stringify({ replicas, image, port: 8080, greeting: `${greeting} ${index}` });
}

const labels = `app.kubernetes.io/name: {{ .Chart.Name }}
    app.kubernetes.io/instance: {{ .Release.Name }}`;

const templates = {
  "deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels:
    ${labels}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      app.kubernetes.io/instance: {{ .Release.Name }}
  template:
    metadata:
      labels:
        app.kubernetes.io/instance: {{ .Release.Name }}
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
    spec:
      containers:
        - name: app
          image: {{ .Values.image | quote }}
          command: [httpd, -f, -p, {{ .Values.port | quote }}, -h, /www]
          ports:
            - name: http
              containerPort: {{ .Values.port }}
          volumeMounts:
            - name: content
              mountPath: /www
          readinessProbe:
            httpGet:
              path: /index.html
              port: http
            periodSeconds: 1
          resources:
            requests:
              cpu: 10m
              memory: 16Mi
      volumes:
        - name: content
          configMap:
            name: {{ .Release.Name }}
`,
  "service.yaml": `apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  labels:
    ${labels}
spec:
  selector:
    app.kubernetes.io/instance: {{ .Release.Name }}
  ports:
    - name: http
      port: 80
      targetPort: http
`,
  "config.yaml": `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels:
    ${labels}
data:
  index.html: {{ .Values.greeting | quote }}
`,
};
