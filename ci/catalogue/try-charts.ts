import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { extract } from "tar";
import { stringify } from "yaml";
import type { ApplicationVerdict, Verdict } from "../../src/rehearsal/verdict.ts";
import { InfrastructureError } from "../../src/runner/errors.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { run, tryRun } from "../../src/runner/process.ts";
import type { Batch, ChartTrial } from "./charts.ts";

/** What came of one chart. */
export interface Outcome {
  trial: ChartTrial;
  application: ApplicationVerdict;
}

const url = "https://git.example.com/you/charts.git";
const valuesFile = "infrastructure/argocd/values.yaml";

/**
 * Rehearses the charts of a batch on the simulated engine, each as an Application from a path of a Git repository
 * made for it. Throws InfrastructureError where the rehearsal says nothing of a chart.
 */
export async function tryCharts({ judged, needed }: Batch, signal: AbortSignal): Promise<Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), "charts-"));
  try {
    await writeRepository(folder, [...judged, ...needed]);
    const command = join(packageRoot(), "src/cli/main.ts");
    const args = [command, folder, "--engine", "simulated", "--json"];
    const { stdout, stderr } = await tryRun(process.execPath, args, { signal });
    const { applications, summary, error } = parseVerdict(stdout, stderr);
    return judged.map((trial) => {
      const application = applications.find(({ name }) => name === trial.chart);
      if (application) return { trial, application };
      throw new InfrastructureError(`the rehearsal of ${trial.chart} says nothing of it: ${summary}`, {
        cause: error,
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function parseVerdict(stdout: string, stderr: string): Verdict {
  try {
    return JSON.parse(stdout) as Verdict;
  } catch (cause) {
    throw new InfrastructureError(`the command gave no verdict: ${stderr.trim()}`, { cause });
  }
}

async function writeRepository(folder: string, trials: readonly ChartTrial[]): Promise<void> {
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  await write(".rehearsal.yaml", stringify(config));
  await mkdir(dirname(join(folder, valuesFile)), { recursive: true });
  await cp(join(packageRoot(), "examples/quickstart", valuesFile), join(folder, valuesFile));
  await write("root.yaml", stringify(root));
  for (const trial of trials) {
    const { chart, archive, recipe } = trial;
    await mkdir(join(folder, "charts"), { recursive: true });
    await extract({ file: archive, cwd: join(folder, "charts") });
    if (recipe.objects)
      await write(
        `objects/${chart}/objects.yaml`,
        recipe.objects.map((object) => stringify(object)).join("---\n"),
      );
    await write(`applications/${chart}.yaml`, stringify(applicationOf(trial)));
  }
  const git = (...args: string[]) =>
    run("git", ["-c", "user.name=Catalogue", "-c", "user.email=catalogue@example.com", ...args], {
      cwd: folder,
    });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all", "--force");
  await git("commit", "--quiet", "--message=charts");
}

const config = {
  repository: { url },
  roots: ["root.yaml"],
  timeout: "15m",
  egress: "restricted",
  // A host that nowhere exists (RFC 2606): Argo CD comes from its release manifests.
  argocd: { repository: "https://charts.invalid", values: valuesFile },
};

const root = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "Application",
  metadata: { name: "root", namespace: "argocd" },
  spec: {
    project: "default",
    source: { repoURL: url, targetRevision: "main", path: "applications" },
    destination: { server: "https://kubernetes.default.svc", namespace: "argocd" },
    syncPolicy: { automated: {} },
  },
};

function applicationOf({ chart, recipe }: ChartTrial) {
  const from = { repoURL: url, targetRevision: "main" };
  const source = {
    ...from,
    path: `charts/${chart}`,
    helm: { ...recipe.helm, valuesObject: recipe.values ?? {} },
  };
  const objects = { ...from, path: `objects/${chart}` };
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: chart, namespace: "argocd" },
    spec: {
      project: "default",
      ...(recipe.objects ? { sources: [source, objects] } : { source }),
      destination: { server: "https://kubernetes.default.svc", namespace: chart },
      syncPolicy: {
        automated: { prune: true, selfHeal: true },
        syncOptions: ["CreateNamespace=true", "ServerSideApply=true", "SkipDryRunOnMissingResource=true"],
        retry: { limit: 5, backoff: { duration: "2s", factor: 2, maxDuration: "30s" } },
      },
    },
  };
}
