import { describe, expect, it, vi } from "vitest";
import { badGateway, secondaryLimit } from "../../test/github-api/failures.ts";
import type { Annotation } from "../report/annotations.ts";
import { head, newHead, repository, type Stage, stage } from "./api-fixture.ts";
import { checkAnnotations } from "./check-limits.ts";
import { type CheckRun, publishCheckRun } from "./check-run.ts";

// Octokit keeps a second between two writes: these tests wait side by side.
vi.setConfig({ maxConcurrency: 50 });

function check(more: Partial<CheckRun> = {}): CheckRun {
  return {
    repository,
    head,
    name: "Rehearsal",
    run: { id: 100, attempt: 1 },
    conclusion: "failure",
    title: "1 of 3 Applications failed",
    summary: "shop is broken.",
    annotations: [],
    detailsUrl: "https://github.com/acme/homelab/actions/runs/100",
    ...more,
  };
}

function annotations(count: number): Annotation[] {
  return Array.from({ length: count }, (_, index) => ({
    file: "apps/shop.yaml",
    line: index + 1,
    level: "failure",
    title: "shop",
    message: `Problem ${index}`,
  }));
}

function messages({ api }: Stage): unknown[] {
  return api.state.checkRuns.flatMap((run) => run.annotations.map(({ message }) => message));
}

function batches({ api }: Stage): (string | number)[][] {
  return api.requests
    .filter(({ method }) => method !== "GET")
    .map(({ method, body }) => {
      const { output } = body as { output: { annotations: unknown[] } };
      return [method, output.annotations.length];
    });
}

describe.concurrent("the check run", () => {
  it("is created with all it says", async () => {
    await using on = await stage();
    const url = await publishCheckRun(on.client, check({ text: "More.", annotations: annotations(1) }));
    const [run] = on.api.state.checkRuns;
    expect(url).toBe(`${on.api.url}/acme/homelab/runs/${run?.id}`);
    expect(run).toMatchObject({
      name: "Rehearsal",
      headSha: head,
      status: "completed",
      conclusion: "failure",
      externalId: "gitops-rehearsal:100.1",
      detailsUrl: "https://github.com/acme/homelab/actions/runs/100",
      output: { title: "1 of 3 Applications failed", summary: "shop is broken.", text: "More." },
    });
    expect(run?.annotations).toEqual([
      {
        path: "apps/shop.yaml",
        start_line: 1,
        end_line: 1,
        annotation_level: "failure",
        title: "shop",
        message: "Problem 0",
      },
    ]);
  });

  it("gets its annotations in batches of 50", async () => {
    await using on = await stage();
    await publishCheckRun(on.client, check({ annotations: annotations(120) }));
    expect(batches(on)).toEqual([
      ["POST", 50],
      ["PATCH", 50],
      ["PATCH", 20],
    ]);
    expect(messages(on)).toEqual(annotations(120).map(({ message }) => message));
  });

  it("puts an annotation of a whole file on its first line", async () => {
    await using on = await stage();
    const [one] = annotations(1);
    if (one === undefined) throw new Error("no annotation");
    await publishCheckRun(
      on.client,
      check({ annotations: [{ ...one, line: undefined, title: "", message: "" }] }),
    );
    expect(on.api.state.checkRuns[0]?.annotations).toEqual([
      {
        path: "apps/shop.yaml",
        start_line: 1,
        end_line: 1,
        annotation_level: "failure",
        message: "See the check.",
      },
    ]);
  });

  it("keeps GitHub's limits", async () => {
    await using on = await stage();
    const long = {
      file: "a.yaml",
      line: 1,
      level: "notice" as const,
      title: "t".repeat(300),
      message: "ü".repeat(40_000),
    };
    const summary = `# Title\n\n\`\`\`\`text\n${"ü line\n".repeat(20_000)}\`\`\`\`\n`;
    await publishCheckRun(on.client, check({ annotations: [long], summary }));
    const [run] = on.api.state.checkRuns;
    const written = run?.output.summary ?? "";
    expect(Buffer.byteLength(written)).toBeLessThanOrEqual(65_535);
    expect(Buffer.byteLength(written)).toBeGreaterThan(65_000);
    expect(written).toMatch(/\nü line\n````\n\n… \(cut: the whole report is the run's artifact\)\n$/);
    expect(run?.annotations[0]).toMatchObject({ title: "t".repeat(255), message: "ü".repeat(32_768) });
  });

  it("shows 500 annotations at most", () => {
    expect(checkAnnotations(annotations(501))).toHaveLength(500);
  });

  it("goes on with the one that an earlier call of the same run left", async () => {
    await using on = await stage();
    await publishCheckRun(on.client, check({ annotations: annotations(60), conclusion: "neutral" }));
    await publishCheckRun(on.client, check({ annotations: annotations(70), summary: "New." }));
    expect(on.api.state.checkRuns).toHaveLength(1);
    expect(on.api.state.checkRuns[0]).toMatchObject({ conclusion: "failure", output: { summary: "New." } });
    expect(messages(on)).toEqual(annotations(70).map(({ message }) => message));
    await publishCheckRun(on.client, check({ run: { id: 100, attempt: 2 } }));
    expect(on.api.state.checkRuns).toHaveLength(2);
  });

  it("gets nothing twice where answers are lost", async () => {
    await using on = await stage();
    on.api.fail(/POST/, [{ hang: "after" }]);
    on.api.fail(/PATCH/, [{ reset: "after" }, badGateway]);
    const client = on.connect({ requestTimeoutMs: 300 });
    await publishCheckRun(client, check({ annotations: annotations(160) }));
    expect(on.api.state.checkRuns).toHaveLength(1);
    expect(messages(on)).toEqual(annotations(160).map(({ message }) => message));
  });

  it("waits for a secondary limit between two batches", async () => {
    await using on = await stage();
    on.api.fail(/PATCH/, [secondaryLimit(60)]);
    await publishCheckRun(on.client, check({ annotations: annotations(60) }));
    expect(messages(on)).toHaveLength(60);
    expect(on.said).toEqual(["GitHub's secondary rate limit is reached: waiting 60 s, as it asks."]);
  });

  it.each([
    ["reader", "Resource not accessible by integration"],
    ["person", "You must authenticate via a GitHub App."],
  ])("is refused to the token of a %s", async (token, message) => {
    await using on = await stage();
    await expect(publishCheckRun(on.connect({ token }), check())).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringContaining(message),
      fix: expect.stringContaining("checks: write"),
    });
  });

  it("lets a defect be one", async () => {
    await using on = await stage();
    const error = await publishCheckRun(on.client, check({ head: newHead })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: "HttpError", status: 422 });
  });
});
