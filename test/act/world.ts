import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goTools } from "../../ci/tools.ts";
import { silentLog } from "../../src/runner/log.ts";
import { packageRoot } from "../../src/runner/package-root.ts";
import { run } from "../../src/runner/process.ts";
import { type GitHubApi, startGitHubApi } from "../github-api/server.ts";
import { type Ended, type Machine, runWorkflow } from "./act.ts";
import { type Change, type HostedRepository, hostRepository, redirectGitHub } from "./hosted-repository.ts";
import {
  type FinishedRun,
  mergeGroupPayload,
  type OpenedPullRequest,
  pullRequestPayload,
  workflowRunPayload,
} from "./payloads.ts";
import { releasedTree, standIns, usedRepositories, workflowFiles } from "./released-tree.ts";

/** GitHub as far as a run sees it, a runner, and this product as a release would have it. */
export interface World extends AsyncDisposable {
  api: GitHubApi;
  openPullRequest(change: OfPullRequest): Promise<OpenedPullRequest>;
  /** Runs `rehearsal.yml`, or another file, for a pull request. */
  rehearse(pullRequest: OpenedPullRequest, options?: RunOptions): Promise<Finished>;
  /** Runs `rehearsal.yml` for the merge group of a pull request. */
  rehearseGroup(pullRequest: OpenedPullRequest): Promise<Finished>;
  /** Runs `rehearsal-report.yml` for a run that has ended, with its artifact at the API. */
  report(finished: Finished): Promise<Finished>;
  /** Folder below which everything lives that a run starts. */
  folder: string;
}

export interface OfPullRequest extends Change {
  draft?: boolean;
}

export interface RunOptions {
  workflow?: string;
  /** Called with each line of the log as it comes. */
  onLine?: (line: string) => void;
}

export interface Finished extends Ended {
  run: FinishedRun;
  /** `METHOD /path status`, below the repository and in their order. */
  requests: string[];
}

const examples = "examples/workflows";
const own = "gitops-rehearsal/rehearsal@main";

/** Why the workflows cannot be run here; undefined where they can. */
export async function actUnavailable(): Promise<string | undefined> {
  const tools = await goTools({ log: silentLog });
  return "unavailable" in tools ? tools.unavailable : undefined;
}

/** Builds the bundles, and starts the double of the API. Needs Go, and a toolchain. */
export async function openWorld(): Promise<World> {
  const tools = await goTools({ log: silentLog });
  if ("unavailable" in tools) throw new Error(tools.unavailable);
  await using held = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "act-"));
  held.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [tree, github] = [join(folder, "released"), join(folder, "github")];
  const rolldown = join(packageRoot(), "node_modules/.bin/rolldown");
  await run(rolldown, ["-c", "--dir", join(tree, "dist")], { cwd: packageRoot() });
  await releasedTree(tree);
  const repository = await hostRepository(github, folder);
  const gitConfig = join(folder, "gitconfig");
  await redirectGitHub(gitConfig, github);
  const repositories = await repositoriesFor(tree, join(folder, "actions"));
  const machine: Machine = { act: tools.act, folder, gitConfig, repositories };
  const api = await githubApi(await repository.tip("main"));
  held.use(api);
  const owned = held.move();
  return worldOf({ api, machine, repository, release: () => owned.disposeAsync() });
}

function githubApi(main: string): Promise<GitHubApi> {
  return startGitHubApi({
    repository: "acme/homelab",
    branches: { main },
    tokens: {
      // Of a run on a pull request, whoever sent it: what the files ask for.
      ghs_reads: {
        login: "github-actions[bot]",
        permissions: { contents: "read", "pull-requests": "read" },
      },
      ghs_reports: {
        login: "github-actions[bot]",
        permissions: { actions: "read", checks: "write", "pull-requests": "write" },
      },
    },
  });
}

async function repositoriesFor(tree: string, folder: string): Promise<string[]> {
  const known = await standIns(folder);
  const files = [...(await workflowFiles(examples)), ...(await workflowFiles(".github/workflows"))];
  return (await usedRepositories(files)).flatMap((used) => {
    if (used === own) return [`${used}=${tree}`];
    const found = known.get(used.replace(/@.*/, ""));
    return found === undefined ? [] : [`${used}=${found}`];
  });
}

interface Parts {
  api: GitHubApi;
  machine: Machine;
  repository: HostedRepository;
  release(): Promise<void>;
}

function worldOf({ api, machine, repository, release }: Parts): World {
  let lastRun = 100;
  async function start(
    workflow: string,
    event: { name: string; payload: unknown; ref: string; sha: string },
    of: Pick<FinishedRun, "headSha" | "headBranch" | "headOwner">,
    { token, onLine }: { token: string; onLine?: RunOptions["onLine"] },
  ): Promise<Finished> {
    const startedAt = new Date(Date.now() - 1_000).toISOString();
    const runId = ++lastRun;
    const before = api.requests.length;
    const ended = await runWorkflow(machine, {
      ...{ event: event.name, payload: event.payload, ref: event.ref, sha: event.sha, runId, token },
      workflow: join(packageRoot(), examples, workflow),
      apiUrl: api.apiUrl,
      ...(onLine === undefined ? {} : { onLine }),
    });
    const kind = event.name === "merge_group" ? "merge_group" : "pull_request";
    const conclusion = ended.exitCode === 0 ? "success" : "failure";
    return {
      ...ended,
      run: { ...of, id: runId, attempt: 1, event: kind, conclusion, startedAt },
      requests: api.requests
        .slice(before)
        .map(({ method, path, status }) => `${method} ${path.replace("/repos/acme/homelab", "")} ${status}`),
    };
  }
  return {
    api,
    folder: machine.folder,
    async openPullRequest({ draft = false, ...change }) {
      const commits = await repository.openPullRequest(change);
      const owner = change.fork ? "mallory" : "acme";
      const { number, branch } = change;
      const { head, base } = commits;
      api.state.pullRequests = api.state.pullRequests.filter((known) => known.number !== number);
      api.state.pullRequests.push({
        ...{ number, draft, title: `Change ${number}`, state: "open" },
        head: { owner, branch, sha: head },
        base: { branch: "main", sha: base },
      });
      return { number, branch, draft, owner, head, base };
    },
    rehearse(pullRequest, { workflow = "rehearsal.yml", onLine } = {}) {
      const { number, head, branch, owner } = pullRequest;
      const payload = pullRequestPayload(pullRequest);
      return start(
        workflow,
        { name: "pull_request", payload, ref: `refs/pull/${number}/merge`, sha: head },
        { headSha: head, headBranch: branch, headOwner: owner },
        { token: "ghs_reads", ...(onLine === undefined ? {} : { onLine }) },
      );
    },
    async rehearseGroup({ number }) {
      const group = await repository.queue(number);
      api.state.branches.set(group.ref.replace("refs/heads/", ""), group.head);
      return start(
        "rehearsal.yml",
        { name: "merge_group", payload: mergeGroupPayload(group), ref: group.ref, sha: group.head },
        { headSha: group.head, headBranch: group.ref.replace("refs/heads/", ""), headOwner: "acme" },
        { token: "ghs_reads" },
      );
    },
    async report({ run: of, artifact }) {
      const archive = await artifact("rehearsal-report"); // act's server has it, GitHub's API is to give it
      const { id, attempt, event, conclusion, headSha, headBranch } = of;
      api.state.runs.push({ id, attempt, event, conclusion, headSha, headBranch });
      if (archive !== undefined)
        api.state.artifacts.push({
          ...{ id: id * 10, run: id, name: "rehearsal-report", files: {}, expired: false },
          zip: (await readFile(archive)).toString("base64"),
          createdAt: new Date().toISOString(),
        });
      const main = await repository.tip("main");
      return start(
        "rehearsal-report.yml",
        { name: "workflow_run", payload: workflowRunPayload(of), ref: "refs/heads/main", sha: main },
        of,
        { token: "ghs_reports" },
      );
    },
    [Symbol.asyncDispose]: release,
  };
}
