import { zipSync } from "fflate";
import { type Call, type Handler, number, page, Refusal } from "./call.ts";
import { artifact, checkRun, comment, pullRequest, workflowRun } from "./objects.ts";
import type { ArtifactState, CheckRunState, CommentState } from "./state.ts";

/** What answers each operation of the description, by its id. */
export const handlers: Record<string, Handler> = {
  "pulls/list": (call) => {
    const { state, query } = call;
    const found = state.pullRequests
      .filter((one) => (query.state ?? "open") === "all" || one.state === (query.state ?? "open"))
      .filter((one) => query.base === undefined || one.base.branch === query.base)
      .filter(({ head }) => query.head === undefined || `${head.owner}:${head.branch}` === query.head)
      .map((one) => pullRequest(call, "pull-request-simple", one));
    const { shown, headers } = page(call, found);
    return { status: 200, body: shown, headers };
  },

  "pulls/get": (call) => {
    const found = call.state.pullRequests.find((one) => one.number === number(call, "pull_number"));
    if (found === undefined) throw notFound();
    return { status: 200, body: pullRequest(call, "pull-request", found) };
  },

  "git/get-ref": (call) => {
    const ref = call.params.ref ?? "";
    const sha = ref.startsWith("heads/") ? call.state.branches.get(ref.slice("heads/".length)) : undefined;
    if (sha === undefined) throw notFound();
    const example = call.description.example("git-ref");
    const object = { ...(example.object as object), sha, type: "commit" };
    return { status: 200, body: { ...example, ref: `refs/${ref}`, object } };
  },

  "issues/list-comments": (call) => {
    const all = call.state.comments.filter((one) => one.pullRequest === issue(call));
    const { shown, headers } = page(
      call,
      all.sort((a, b) => a.id - b.id).map((one) => comment(call, one)),
    );
    return { status: 200, body: shown, headers };
  },

  "issues/create-comment": (call) => {
    const { state, token } = call;
    const body = text(call, "body");
    const created = { id: state.nextId++, pullRequest: issue(call), author: token.login, body };
    state.comments.push(created);
    return { status: 201, body: comment(call, created) };
  },

  "issues/get-comment": (call) => ({ status: 200, body: comment(call, findComment(call)) }),

  "issues/update-comment": (call) => {
    const found = findComment(call);
    found.body = text(call, "body");
    return { status: 200, body: comment(call, found) };
  },

  "issues/delete-comment": (call) => {
    const found = findComment(call);
    call.state.comments.splice(call.state.comments.indexOf(found), 1);
    return { status: 204 };
  },

  "checks/create": (call) => {
    const { state } = call;
    const run: CheckRunState = {
      id: state.nextId++,
      name: "",
      headSha: text(call, "head_sha"),
      status: "queued",
      conclusion: null,
      externalId: "",
      detailsUrl: "",
      output: { title: null, summary: null, text: null },
      annotations: [],
    };
    const known = [...state.branches.values(), ...state.pullRequests.map(({ head }) => head.sha)];
    if (!known.includes(run.headSha)) {
      throw new Refusal(422, `No commit found for SHA: ${run.headSha}`, { errors: [] });
    }
    applyCheck(call, run);
    state.checkRuns.push(run);
    return { status: 201, body: checkRun(call, run) };
  },

  "checks/get": (call) => ({ status: 200, body: checkRun(call, findCheck(call)) }),

  "checks/update": (call) => {
    const run = findCheck(call);
    applyCheck(call, run);
    return { status: 200, body: checkRun(call, run) };
  },

  "checks/list-for-ref": (call) => {
    const { state, query, params } = call;
    const found = state.checkRuns
      .filter((one) => one.headSha === params.ref)
      .filter((one) => query.check_name === undefined || one.name === query.check_name);
    // `filter=latest`, the default, gives one of each name.
    const latest = found.filter((one) => !found.some(({ name, id }) => name === one.name && id > one.id));
    const wanted = query.filter === "all" ? found : latest;
    const { shown, headers } = page(
      call,
      wanted.map((one) => checkRun(call, one)),
    );
    return { status: 200, body: { total_count: wanted.length, check_runs: shown }, headers };
  },

  "actions/get-workflow-run": (call) => {
    const found = call.state.runs.find((one) => one.id === number(call, "run_id"));
    if (found === undefined) throw notFound();
    return { status: 200, body: workflowRun(call, found) };
  },

  "actions/list-workflow-run-artifacts": (call) => {
    const { state, query } = call;
    const found = state.artifacts
      .filter((one) => one.run === number(call, "run_id"))
      .filter((one) => query.name === undefined || one.name === query.name)
      .map((one) => artifact(call, one, one.declaredSize ?? zipOf(one).length));
    const { shown, headers } = page(call, found);
    return { status: 200, body: { total_count: found.length, artifacts: shown }, headers };
  },

  "actions/download-artifact": (call) => {
    const found = call.state.artifacts.find((one) => one.id === number(call, "artifact_id"));
    if (found === undefined) throw notFound();
    if (found.expired) throw new Refusal(410, "Artifact has expired");
    if (call.params.archive_format !== "zip") throw new Refusal(422, "Unsupported format", { errors: [] });
    return { status: 302, headers: { location: call.blobUrl(found.id) } };
  },
};

/** The archive of an artifact. */
export function zipOf({ files, zip }: ArtifactState): Uint8Array {
  if (zip !== undefined) return Buffer.from(zip, "base64");
  return zipSync(
    Object.fromEntries(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)])),
  );
}

function applyCheck({ body }: Call, run: CheckRunState): void {
  const { name, status, conclusion, external_id, details_url, output } = body;
  if (name !== undefined) run.name = String(name);
  if (status !== undefined) run.status = String(status);
  if (conclusion !== undefined) {
    run.conclusion = String(conclusion);
    run.status = "completed";
  }
  if (external_id !== undefined) run.externalId = String(external_id);
  if (details_url !== undefined) run.detailsUrl = String(details_url);
  if (typeof output !== "object" || output === null) return;
  const { annotations = [], ...texts } = output as Partial<CheckRunState["output"]> & {
    annotations?: Record<string, unknown>[];
  };
  // Updates add to what is there: https://docs.github.com/en/rest/checks/runs#update-a-check-run
  run.annotations.push(...annotations);
  Object.assign(run.output, {
    title: texts.title ?? null,
    summary: texts.summary ?? null,
    text: texts.text ?? null,
  });
}

function issue(call: Call): number {
  const wanted = number(call, "issue_number");
  if (!call.state.pullRequests.some((one) => one.number === wanted)) throw notFound();
  return wanted;
}

function findComment(call: Call): CommentState {
  const found = call.state.comments.find((one) => one.id === number(call, "comment_id"));
  if (found === undefined) throw notFound();
  return found;
}

function findCheck(call: Call): CheckRunState {
  const found = call.state.checkRuns.find((one) => one.id === number(call, "check_run_id"));
  if (found === undefined) throw notFound();
  return found;
}

function text({ body }: Call, name: string): string {
  return String(body[name]);
}

function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}
