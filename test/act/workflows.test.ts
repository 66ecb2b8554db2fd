import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lastingProcesses, processesWith } from "./processes.ts";
import { actUnavailable, type Finished, openWorld, type World } from "./world.ts";

const unavailable = await actUnavailable();
const rehearse = "rehearsal/Rehearse/Rehearse";
const gate = "rehearsal/Rehearse/Rehearsal gate";
const report = "report/Report/Rehearsal report";

const greeting = (text: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: notes\ndata:\n  greeting: ${text}\n`;
const brokenNotes = greeting("[not, a, string]");

/** What the gate reads of a pull request. */
const gateReads = (number: number) => [`GET /pulls/${number} 200`, "GET /git/ref/heads%2Fmain 200"];

describe.skipIf(unavailable !== undefined)("the workflows that users copy, run by act", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const commentsOn = (number: number) =>
    world.api.state.comments.filter((comment) => comment.pullRequest === number);
  const checksOf = ({ run }: Finished) =>
    world.api.state.checkRuns.filter(({ headSha }) => headSha === run.headSha);
  /** All requests that are no plain reads; the storage and GraphQL's look at one comment aside. */
  const writes = ({ requests }: Finished) =>
    requests.filter((line) => !/^(?:GET|POST \/graphql) /.test(line));

  test("a broken pull request is red, and told its cause; when it is mended, the same comment says so", async () => {
    const change = { number: 7, branch: "greet" };
    const broken = await world.openPullRequest({
      ...change,
      files: { "notes/config-map.yaml": brokenNotes },
    });
    const failed = await world.rehearse(broken);
    expect(failed.jobs).toEqual({ [rehearse]: "failure", [gate]: "failure" });
    expect(failed.output(rehearse)).toMatch(/::error [^\n]*file=notes\/config-map\.yaml,line=\d+/);
    expect(failed.output(gate)).toMatch(/The gate is shut\. .*1 of 3 Applications/);
    expect(failed.requests).toEqual(gateReads(7));

    const told = await world.report(failed);
    expect(told.jobs).toEqual({ [report]: "success" });
    expect(writes(told)).toEqual(["POST /issues/7/comments 201", "POST /check-runs 201"]);
    const [comment] = commentsOn(7);
    expect(comment?.body).toMatch(/^<!-- /);
    expect(comment?.body).toContain(`/acme/homelab/blob/${broken.head}/notes/config-map.yaml#L`);
    const [check] = checksOf(told);
    expect(check).toMatchObject({ name: "Rehearsal report (default)", conclusion: "failure" });
    expect(check?.annotations).toMatchObject([
      { path: "notes/config-map.yaml", annotation_level: "failure" },
    ]);

    const mended = await world.openPullRequest({
      ...change,
      files: { "notes/config-map.yaml": greeting("hi") },
    });
    const passed = await world.rehearse(mended);
    expect(passed.jobs).toEqual({ [rehearse]: "success", [gate]: "success" });
    expect(passed.steps(rehearse)).toContain("Post Keep the toolchain between runs: success");
    expect(passed.output(gate)).toContain(
      `(${mended.head.slice(0, 7)} into main at ${mended.base.slice(0, 7)})`,
    );
    expect(passed.requests).toEqual(gateReads(7));

    const edited = await world.report(passed);
    expect(edited.jobs).toEqual({ [report]: "success" });
    expect(writes(edited)).toEqual([`PATCH /issues/comments/${comment?.id} 200`, "POST /check-runs 201"]);
    expect(commentsOn(7)).toHaveLength(1);
    expect(commentsOn(7)[0]?.body).toContain("Rehearsal passed");
    expect(checksOf(edited)).toMatchObject([{ conclusion: "success", annotations: [] }]);
  });

  test("a fork's pull request is rehearsed with a token that can write nothing, and told with the base's", async () => {
    const fork = await world.openPullRequest({
      ...{ number: 8, branch: "production", fork: true },
      files: { "notes/config-map.yaml": greeting("from afar") },
    });
    const passed = await world.rehearse(fork);
    expect(passed.jobs).toEqual({ [rehearse]: "success", [gate]: "success" });
    expect(passed.requests).toEqual(gateReads(8));
    const url = `${world.api.apiUrl}/repos/acme/homelab/issues/8/comments`;
    const headers = {
      authorization: "token ghs_reads",
      "content-type": "application/json",
      "user-agent": "test",
    };
    const refused = await fetch(url, { method: "POST", headers, body: JSON.stringify({ body: "hello" }) });
    expect(refused.status).toBe(403);

    const told = await world.report(passed);
    expect(told.jobs).toEqual({ [report]: "success" });
    expect(writes(told)).toEqual(["POST /issues/8/comments 201", "POST /check-runs 201"]);
    expect(commentsOn(8)[0]?.body).toContain("Rehearsal passed");
  });

  test("a draft is not rehearsed, and the gate is red", async () => {
    const draft = await world.openPullRequest({
      ...{ number: 9, branch: "draft", draft: true },
      files: { "notes/config-map.yaml": greeting("soon") },
    });
    const waiting = await world.rehearse(draft);
    expect(waiting.jobs).toEqual({ [gate]: "failure" });
    expect(waiting.output(gate)).toContain("The pull request is a draft, and drafts are not rehearsed.");
    expect(waiting.requests).toEqual(gateReads(9));
    const told = await world.report(waiting);
    expect(told.jobs).toEqual({ [report]: "success" });
    expect(writes(told)).toEqual([]);
  });

  test("a merge group is rehearsed as the queue made it; it has a check run and no comment", async () => {
    const queued = await world.openPullRequest({
      ...{ number: 10, branch: "queued" },
      files: { "notes/config-map.yaml": greeting("in line") },
    });
    const group = await world.rehearseGroup(queued);
    expect(group.jobs).toEqual({ [rehearse]: "success", [gate]: "success" });
    expect(group.output(gate)).toContain(`(${group.run.headSha.slice(0, 7)} into `);
    expect(group.requests).toEqual([]);
    const told = await world.report(group);
    expect(told.jobs).toEqual({ [report]: "success" });
    expect(writes(told)).toEqual(["POST /check-runs 201"]);
    expect(checksOf(told)).toMatchObject([{ conclusion: "success" }]);
    expect(commentsOn(10)).toEqual([]);
  });

  test("a change that no Argo CD could notice passes at once, with the reason", async () => {
    const words = await world.openPullRequest({
      ...{ number: 11, branch: "words" },
      files: { "README.md": "# A homelab, explained\n" },
    });
    const passed = await world.rehearse(words);
    expect(passed.jobs).toEqual({ [rehearse]: "success", [gate]: "success" });
    expect(passed.output(rehearse)).not.toContain("Starting a cluster");
    const told = await world.report(passed);
    expect(writes(told)).toEqual(["POST /issues/11/comments 201", "POST /check-runs 201"]);
    expect(commentsOn(11)[0]?.body).toContain("README.md");

    const short = await world.rehearse(words, { workflow: "one-step.yml" });
    expect(short.jobs).toEqual({ "Rehearsal in one step/Rehearse": "success" });
    expect(short.requests).toEqual([]);
  });

  test("a rehearsal that is killed is red, leaves nothing running, and the report says that there is no verdict", async () => {
    const killed = await world.openPullRequest({
      ...{ number: 12, branch: "killed" },
      files: { "notes/config-map.yaml": greeting("for ever") },
    });
    let kills = 0;
    let below: string[] = [];
    const dead = await world.rehearse(killed, {
      async onLine(line) {
        if (!line.includes("✓ Starting a cluster")) return;
        below = (await processesWith(world.folder)).map(({ command }) => command);
        for (const { pid } of await processesWith(world.folder, "dist/rehearse.js")) {
          process.kill(pid, "SIGKILL");
          kills += 1;
        }
      },
    });
    expect(kills).toBe(1);
    expect(below).toContainEqual(expect.stringContaining("kube-apiserver")); // so it would be seen if it lasted
    expect(dead.jobs).toEqual({ [rehearse]: "failure", [gate]: "failure" });
    expect(dead.output(gate)).toContain("The gate is shut.");
    expect(await dead.artifact("rehearsal-report")).toBeUndefined();
    expect(await lastingProcesses([world.folder], 20_000)).toEqual([]);
    const told = await world.report(dead);
    expect(told.jobs).toEqual({ [report]: "success" });
    expect(writes(told)).toEqual(["POST /issues/12/comments 201", "POST /check-runs 201"]);
    expect(commentsOn(12)[0]?.body).toMatch(/no verdict/i);
    expect(checksOf(told)).toMatchObject([{ conclusion: "failure" }]);
  });

  test("the composed actions pass with a step of one's own between them, and the post step releases all", async () => {
    const composed = await world.openPullRequest({
      ...{ number: 13, branch: "composed" },
      files: { "notes/config-map.yaml": greeting("in parts") },
    });
    const passed = await world.rehearse(composed, { workflow: "composed.yml" });
    const job = "Composed rehearsal/Rehearse";
    expect(passed.jobs).toEqual({ [job]: "success", "Composed rehearsal/Rehearsal gate": "success" });
    expect(passed.output(job)).toMatch(/^Kubernetes v1\.\d+\.\d+, Argo CD v?\d/m);
    expect(passed.steps(job)).toContain("Post Set up the cluster: success");
    expect(await lastingProcesses([world.folder], 5_000)).toEqual([]);
  });

  test("when the run is cancelled, the post step of the composed actions still releases all", async () => {
    const cancelled = await world.openPullRequest({
      ...{ number: 14, branch: "cancelled" },
      files: { "notes/config-map.yaml": greeting("not now") },
    });
    let signalled = false;
    const ended = await world.rehearse(cancelled, {
      workflow: "composed.yml",
      async onLine(line) {
        if (signalled || !line.includes("Run Main Bootstrap Argo CD")) return;
        signalled = true;
        for (const { pid } of await processesWith(world.folder, "--eventpath")) process.kill(pid, "SIGINT");
      },
    });
    const job = "Composed rehearsal/Rehearse";
    expect(signalled).toBe(true);
    expect(ended.exitCode).not.toBe(0);
    expect(ended.steps(job)).not.toContain("Bootstrap Argo CD: success");
    expect(ended.steps(job)).toContain("Post Set up the cluster: success");
    expect(await lastingProcesses([world.folder], 5_000)).toEqual([]);
  });
});
