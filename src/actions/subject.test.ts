import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GitHubEvent } from "../github/context.ts";
import { openCheckout } from "../repository/checkout.ts";
import {
  commit,
  createRepository,
  git,
  type TemporaryFolder,
  temporaryFolder,
} from "../repository/git-fixture.ts";
import { type Asked, findSubject } from "./subject.ts";

let folder: TemporaryFolder;
let repository: string;
/** The commit of the event, where `main` was when it was sent, and where it is now. */
let head: string;
let old: string;
let tip: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  repository = join(folder.path, "checkout");
  old = await createRepository(repository, { "a.yaml": "a: 1\n" });
  await git(repository, "switch", "--quiet", "--create", "change");
  head = await commit(repository, { "b.yaml": "b: 1\n" });
  await git(repository, "switch", "--quiet", "main");
  tip = await commit(repository, { "c.yaml": "c: 1\n" });
  await git(repository, "remote", "add", "origin", "https://github.com/you/homelab");
  await git(repository, "update-ref", "refs/remotes/origin/main", tip);
});

afterAll(async () => folder[Symbol.asyncDispose]());

function pullRequest(changes: { draft?: boolean; base?: string } = {}): GitHubEvent {
  return {
    name: "pull_request",
    action: "opened",
    number: 7,
    draft: changes.draft ?? false,
    head: { sha: head, ref: "change", owner: "you" },
    base: { sha: old, ref: changes.base ?? "main" },
    fromFork: false,
  };
}

async function find(revision: string, event: GitHubEvent, asked: Partial<Asked> = {}) {
  await git(repository, "switch", "--quiet", "--detach", revision);
  const signal = new AbortController().signal;
  const checkout = await openCheckout(repository);
  const about = { event, defaultBranch: "main" };
  return findSubject(checkout, about, { base: undefined, head: undefined, ...asked }, signal);
}

describe("findSubject", () => {
  test("merges a pull request into its base branch as the checkout has it", async () => {
    expect(await find(head, pullRequest())).toEqual({ base: tip, baseBranch: "main", head, pullRequest: 7 });
  });

  test("falls back to the event's base where the checkout lacks the branch", async () => {
    expect(await find(head, pullRequest({ base: "release" }))).toMatchObject({
      base: old,
      baseBranch: "release",
    });
  });

  test("takes GitHub's own merge of the head for the head", async () => {
    await git(repository, "switch", "--quiet", "--detach", tip);
    await git(repository, "merge", "--quiet", "--no-ff", "-m", "merge", head);
    expect(await find("HEAD", pullRequest())).toMatchObject({ base: tip, head });
  });

  test("refuses another commit, and says which ref to check out", async () => {
    await expect(find(tip, pullRequest())).rejects.toMatchObject({
      name: "UsageError",
      message: `the checkout is at ${tip}, and the event is about ${head}`,
      fix: expect.stringContaining(`ref: ${head}`),
    });
  });

  test("takes what the workflow asks for", async () => {
    expect(await find(tip, pullRequest(), { base: "release", head: "HEAD~1" })).toEqual({
      base: "release",
      baseBranch: undefined,
      head: "HEAD~1",
      pullRequest: 7,
    });
  });

  test("rehearses a merge group as the queue made it", async () => {
    const event = { name: "merge_group", headSha: head, baseSha: old, baseRef: "main" } as const;
    expect(await find(head, event)).toEqual({
      base: old,
      baseBranch: "main",
      head,
      pullRequest: undefined,
    });
    await expect(find(tip, event)).rejects.toThrow("the event is about");
  });

  test("takes HEAD and the default branch where the event names no change", async () => {
    expect(await find(head, { name: "other", event: "workflow_dispatch" })).toEqual({
      base: "main",
      baseBranch: "main",
      head: undefined,
      pullRequest: undefined,
    });
  });

  test("refuses a draft", async () => {
    await expect(find(head, pullRequest({ draft: true }))).rejects.toThrow("pull request 7 is a draft");
  });

  test("refuses events that run with the rights of the base", async () => {
    await expect(find(head, { name: "other", event: "pull_request_target" })).rejects.toThrow(
      "not rehearsed on pull_request_target",
    );
  });

  test("refuses a shallow checkout, and says how to get all of it", async () => {
    const shallow = join(folder.path, "shallow");
    await git(folder.path, "clone", "--quiet", "--depth=1", `file://${repository}`, shallow);
    const checkout = await openCheckout(shallow);
    const signal = new AbortController().signal;
    const about = { event: pullRequest(), defaultBranch: "main" };
    await expect(
      findSubject(checkout, about, { base: undefined, head: undefined }, signal),
    ).rejects.toMatchObject({
      message: expect.stringContaining("is shallow"),
      fix: expect.stringContaining("fetch-depth: 0"),
    });
  });
});
