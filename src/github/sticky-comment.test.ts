import { describe, expect, it, vi } from "vitest";
import { badGateway, primaryLimit, secondaryLimit, tooManyRequests } from "../../test/github-api/failures.ts";
import { markerOf } from "../report/marker.ts";
import { InfrastructureError, UsageError } from "../runner/errors.ts";
import { bot, given, head, newHead, repository, type Stage, stage } from "./api-fixture.ts";
import type { GitHubClient } from "./client.ts";
import { publishComment, type StickyComment } from "./sticky-comment.ts";

// Octokit keeps a second between two writes: these tests wait side by side.
vi.setConfig({ maxConcurrency: 50 });

function comment(more: Partial<StickyComment> = {}): StickyComment {
  const run = { id: 100, attempt: 1 };
  return { repository, pullRequest: 7, instance: "default", run, head, body: "All is well.", ...more };
}

function marker(run: string, about = head, instance = "default"): string {
  return markerOf(instance, { head: about, run });
}

function old(run = "99.1", about = newHead, author = bot) {
  return { pullRequest: 7, author, body: `${marker(run, about)}\nOld.` };
}

function publish(client: GitHubClient, more: Partial<StickyComment> = {}) {
  return publishComment(client, comment(more));
}

function bodies({ api }: Stage): string[] {
  return api.state.comments.map(({ body }) => body);
}

function writes({ asked }: Stage): string[] {
  return asked().filter((request) => !/^GET|graphql/.test(request));
}

const expected = `${marker("100.1")}\nAll is well.`;

describe.concurrent("the comment", () => {
  it("is created with its marker first, and looked at again", async () => {
    await using on = await stage();
    const { outcome, url } = await publish(on.client);
    expect(outcome).toBe("created");
    expect(url).toMatch(/\/acme\/homelab\/pull\/7#issuecomment-\d+$/);
    expect(bodies(on)).toEqual([expected]);
    expect(on.asked()).toEqual([
      "POST /graphql",
      "GET /issues/7/comments",
      "GET /pulls/7",
      "POST /issues/7/comments",
      "GET /issues/7/comments",
      "GET /pulls/7",
    ]);
  });

  it("is edited in place, and loses its duplicates", async () => {
    await using on = await stage(given({ comments: [old("97.1"), old("98.1"), old("98.1")] }));
    const kept = on.api.state.comments[1]?.id;
    expect((await publish(on.client)).outcome).toBe("updated");
    expect(on.api.state.comments).toEqual([{ id: kept, pullRequest: 7, author: bot, body: expected }]);
  });

  it("is not written again where nothing is new", async () => {
    const same = { pullRequest: 7, author: bot, body: `${expected.replace("\n", "\r\n")}\r\n` };
    await using on = await stage(given({ comments: [same] }));
    expect((await publish(on.client)).outcome).toBe("unchanged");
    expect(writes(on)).toEqual([]);
  });

  it("takes the place of a marker that its text begins with", async () => {
    await using on = await stage();
    await publish(on.client, { body: `${markerOf("default", { head })}\nAll is well.` });
    expect(bodies(on)).toEqual([expected]);
  });

  it("is one for each instance", async () => {
    const other = { pullRequest: 7, author: bot, body: `${marker("99.1", head, "other")}\nOther.` };
    await using on = await stage(given({ comments: [other] }));
    expect((await publish(on.client)).outcome).toBe("created");
    expect(bodies(on)).toEqual([other.body, expected]);
  });

  it("is found behind 150 others, and is nobody else's", async () => {
    const chatter = Array.from({ length: 150 }, (_, index) => ({
      pullRequest: 7,
      author: index === 3 ? bot : "somebody",
      body: index === 3 ? `> ${marker("99.1")}\n\nI quote.` : `${marker("99.1")}\nI pretend.`,
    }));
    await using on = await stage(given({ comments: [...chatter, old()] }));
    expect((await publish(on.client)).outcome).toBe("updated");
    expect(bodies(on)).toEqual([...chatter.map(({ body }) => body), expected]);
    expect(writes(on)).toHaveLength(1);
    const [page] = on.api.requests.filter(({ path }) => path.endsWith("/comments"));
    expect(page?.query).toEqual({ per_page: "100" });
  });

  it("is the token's, whoever that is", async () => {
    const mine = { pullRequest: 7, author: "octo", body: `${marker("99.1")}\nMine.` };
    await using on = await stage(given({ comments: [old(), mine] }));
    expect((await publish(on.connect({ token: "person" }))).outcome).toBe("updated");
    expect(bodies(on)).toEqual([old().body, expected]);
  });

  it("works on an Enterprise Server", async () => {
    await using on = await stage();
    expect((await publish(on.connect({ apiUrl: on.api.enterpriseApiUrl }))).outcome).toBe("created");
  });
});

describe.concurrent("an older run", () => {
  it("writes nothing once the head has moved", async () => {
    await using on = await stage(given({ comments: [old("99.1", head)] }));
    on.api.before(/GET .*\/pulls\/7$/, ({ pullRequests: [first] }) => {
      if (first !== undefined) first.head.sha = newHead;
    });
    expect(await publish(on.client)).toEqual({ outcome: "superseded", url: undefined });
    expect(writes(on)).toEqual([]);
  });

  it.each(["101.1", "100.2"])("leaves the comment of run %s alone", async (run) => {
    await using on = await stage(given({ comments: [old(run, head)] }));
    expect((await publish(on.client)).outcome).toBe("superseded");
    expect(writes(on)).toEqual([]);
  });

  it("replaces a newer one's comment about a head that is gone again", async () => {
    await using on = await stage(given({ comments: [old("101.1", newHead)] }));
    expect((await publish(on.client)).outcome).toBe("updated");
    expect(bodies(on)).toEqual([expected]);
  });

  it("gives way to a newer one that creates its comment at the same time", async () => {
    await using on = await stage();
    const newer = { id: 101, attempt: 1 };
    const outcomes = await Promise.all([
      publish(on.client),
      publish(on.connect(), { run: newer, body: "Newer." }),
    ]);
    expect(bodies(on)).toEqual([`${marker("101.1")}\nNewer.`]);
    expect(outcomes[1].outcome).toBe("created");
  });

  it("takes its own comment back where a newer one's stands beside it", async () => {
    await using on = await stage();
    on.api.before(/POST .*\/comments$/, ({ comments }) => {
      comments.push({ id: 5, ...old("101.1", head) });
    });
    expect((await publish(on.client)).outcome).toBe("superseded");
    expect(bodies(on)).toEqual([old("101.1", head).body]);
  });

  it("is overwritten again where it came in between", async () => {
    await using on = await stage(given({ comments: [old("98.1", head)] }));
    on.api.before(/PATCH/, () => {
      on.api.before(/GET .*\/issues\/7\/comments$/, ({ comments: [first] }) => {
        if (first !== undefined) first.body = old("99.1", head).body;
      });
    });
    expect((await publish(on.client)).outcome).toBe("updated");
    expect(bodies(on)).toEqual([expected]);
    expect(writes(on)).toHaveLength(2);
  });
});

describe.concurrent("a comment on a bad day", () => {
  it("is created anew where it was deleted meanwhile", async () => {
    await using on = await stage(given({ comments: [old()] }));
    on.api.before(/PATCH/, ({ comments }) => void comments.splice(0));
    expect((await publish(on.client)).outcome).toBe("created");
    expect(bodies(on)).toEqual([expected]);
  });

  it.each([
    { what: "timed out", failure: { hang: "after" } as const },
    { what: "was reset", failure: { reset: "after" } as const },
  ])("is not created twice where the answer $what", async ({ failure }) => {
    await using on = await stage();
    on.api.fail(/POST .*\/comments$/, [failure]);
    expect((await publish(on.connect({ requestTimeoutMs: 300 }))).outcome).toBe("created");
    expect(bodies(on)).toEqual([expected]);
    expect(writes(on)).toHaveLength(1);
    expect(on.said).toEqual(["GitHub did not confirm the comment: looking whether it is there."]);
  });

  it.each([
    { what: "a time-out", failure: { hang: "before" } as const },
    { what: "a 502", failure: badGateway },
  ])("is created after $what before it was", async ({ failure }) => {
    await using on = await stage();
    on.api.fail(/POST .*\/comments$/, [failure]);
    expect((await publish(on.connect({ requestTimeoutMs: 300 }))).outcome).toBe("created");
    expect(bodies(on)).toEqual([expected]);
    expect(writes(on)).toHaveLength(2);
  });

  it.each([
    { what: "403 with a secondary limit", failure: secondaryLimit(30) },
    { what: "429", failure: tooManyRequests(30) },
  ])("waits as long as $what asks for", async ({ failure }) => {
    await using on = await stage();
    on.api.fail(/POST .*\/comments$/, [failure]);
    expect((await publish(on.client)).outcome).toBe("created");
    expect(bodies(on)).toEqual([expected]);
    expect(on.said).toEqual(["GitHub's secondary rate limit is reached: waiting 30 s, as it asks."]);
  });

  it("gives up where limits ask for more than its patience", async () => {
    await using on = await stage();
    on.api.fail(/POST .*\/comments$/, [secondaryLimit(40), secondaryLimit(40)]);
    const error = await publish(on.connect({ patienceMs: 60_000 })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InfrastructureError);
    expect(error).toMatchObject({
      message: expect.stringContaining(
        "rate limit keeps Rehearsal from asking it to write the comment on #7",
      ),
      fix: expect.stringContaining("40 s"),
    });
    expect(writes(on)).toHaveLength(2);
  });

  it("says when a rate limit ends that lasts too long", async () => {
    await using on = await stage();
    const end = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 30 * 60_000);
    on.api.fail(/GET .*\/comments$/, [primaryLimit(end)]);
    await expect(publish(on.client)).rejects.toMatchObject({
      name: "InfrastructureError",
      fix: `It ends at ${end.toISOString()}. Run the job again then.`,
    });
    expect(writes(on)).toEqual([]);
  });

  it("is given up after several 502s", async () => {
    await using on = await stage();
    on.api.fail(/GET .*\/pulls\/7$/, [badGateway, badGateway, badGateway, badGateway]);
    await expect(publish(on.client)).rejects.toMatchObject({
      name: "InfrastructureError",
      message: expect.stringMatching(/^GitHub could not be asked to read pull request #7: 502 /),
    });
    expect(on.asked().filter((request) => request === "GET /pulls/7")).toHaveLength(4);
  });

  it("is refused to a token that may only read", async () => {
    await using on = await stage();
    const error = await publish(on.connect({ token: "reader" })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({
      message: expect.stringContaining("403 Resource not accessible by integration"),
      fix: expect.stringContaining("pull-requests: write"),
    });
    expect(bodies(on)).toEqual([]);
  });

  it("is refused to a token that GitHub does not know", async () => {
    await using on = await stage();
    const refused = publish(on.connect({ token: "expired" }));
    await expect(refused).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringContaining("401"),
    });
  });
});
