import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Verdict } from "../rehearsal/verdict.ts";
import { application, failed, verdict } from "../rehearsal/verdict-fixture.ts";
import { commentOf } from "./comment.ts";
import { hostile } from "./hostile-fixture.ts";
import { readMarker } from "./marker.ts";
import type { Outcome, ReportContext } from "./outcome.ts";
import { madeOf, render } from "./render-fixture.ts";
import { context, green, huge, infrastructure, red, reports } from "./report-fixture.ts";
import { summaryOf } from "./summary.ts";

const home = "https://github.com/gitops-rehearsal/homelab";
const elements = [
  ...["h3", "h4", "p", "a", "code", "pre", "ul", "li", "strong", "em", "b", "span", "details", "summary"],
];

/** What holds of every report: nothing but what a report is made of, and nothing left open. */
function expectSound(markdown: string): void {
  const rendered = render(`${markdown}\n\nTHE-END`);
  expect(rendered.elements.filter((name) => !elements.includes(name))).toEqual([]);
  expect(rendered.addresses.filter((address) => !address.startsWith(`${home}/`))).toEqual([]);
  expect(madeOf(rendered)).toEqual([]);
  expect(rendered.comments.length).toBeLessThanOrEqual(1);
  expect(rendered.html).toMatch(/<p>THE-END<\/p>\s*$/);
  expect(rendered.html.match(/<details>/g) ?? []).toHaveLength(
    (rendered.html.match(/<\/details>/g) ?? []).length,
  );
}

function expectWithinLimits(outcome: Outcome, at: ReportContext = context): void {
  const comment = commentOf(outcome, at);
  expect(comment.length).toBeLessThan(60_000);
  expect(readMarker(comment)).toEqual({
    instance: at.instance.toWellFormed(),
    head: at.head,
    run: undefined,
  });
  expectSound(comment);
  const summary = summaryOf(outcome, at);
  expect(Buffer.byteLength(summary)).toBeLessThan(1024 * 1024);
  if (summary.length < 100_000) expectSound(summary); // the renderer takes seconds for a large one
}

/** A comment as it is read, without what is folded away. */
function open(outcome: Outcome): string {
  return render(commentOf(outcome, context).replace(/<details>[\s\S]*?<\/details>/g, "")).text;
}

describe("every report", () => {
  it.each(Object.entries(reports))("%s is sound and within its limits", (_, outcome) => {
    expectWithinLimits(outcome);
  });

  it("is so for an instance of any name", () => {
    for (const instance of [...hostile, hostile.join("\n")])
      expectWithinLimits({ missing: "x" }, { ...context, instance });
  });

  it("stays so with anything in any place of a verdict", () => {
    const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary", maxLength: 200 }));
    const part = fc.record({
      name: text,
      message: text,
      file: text,
      lines: fc.array(text, { maxLength: 5 }),
    });
    const property = fc.property(fc.array(part, { maxLength: 12 }), text, (parts, other) => {
      const applications = parts.map(({ name, message, file, lines }, index) => ({
        ...failed(name, {
          message: message.repeat(index * 10),
          place: { file },
          finality: other,
          resource: { kind: name, name: file },
        }),
        notProven: [{ why: message, resources: lines }],
        waitsFor: lines,
        diagnosis: {
          pods: [{ pod: name, node: other, state: file, lines }],
          others: lines,
          nodes: [],
          incomplete: [],
        },
      }));
      const changes = parts.map(({ file, lines }) => ({
        path: file,
        kind: "added" as const,
        applications: lines,
      }));
      expectWithinLimits({
        verdict: verdict(applications, { summary: other, notes: [other], changes, changed: 99 }),
      });
      expectWithinLimits({ missing: other });
      const error = { message: other, where: { file: other, line: 1 }, fix: other };
      expectWithinLimits({ verdict: verdict([], { summary: other, error }) });
    });
    fc.assert(property, { numRuns: Number(process.env.PROPERTY_RUNS ?? 15) });
  });

  it("is within its limits whatever is too large", () => {
    const long = ["x", "`", "$", "@", "🎉", "a b ", "&", "\n"].map((text) => text.repeat(5_000));
    for (const text of long) {
      const one = {
        ...failed(text, { message: text, place: { file: text }, finality: text }),
        waitsFor: [text],
      };
      const error = { message: text, where: { file: text }, fix: text };
      expectWithinLimits({
        verdict: verdict([one, { ...one, state: "waiting", reason: undefined }], {
          summary: text,
          notes: [text],
        }),
      });
      expectWithinLimits({ verdict: verdict([], { summary: text, error }) });
      expectWithinLimits({ missing: text });
    }
  });
});

describe("a comment", () => {
  it("on what passed is a line on the verdict and one on what ran", () => {
    expect(open({ verdict: green }).trim().split(/\n+/)).toEqual([
      "✅ Rehearsal passed · All 17 Applications are Synced and Healthy at the merge result",
      "c0ffee5e into main at bbbbbbbb · simulated engine, Kubernetes v1.37.2 · Argo CD v3.6.1 · 1 min 5 s · run",
    ]);
    const folded = [...commentOf({ verdict: green }, context).matchAll(/<summary>(.*)<\/summary>/g)];
    expect(folded.map(([, summary]) => summary)).toEqual([
      "<b>17 Applications</b>: 17 passed",
      "<b>What changes</b>: 3 files",
      "<b>Not proven</b> on the simulated engine: 18 objects",
      "<b>1 note</b>",
      "<b>Evidence and times</b>",
    ]);
  });

  it("on what failed shows each cause with its place, and who waits", () => {
    expect(open({ verdict: red }).trim().split(/\n+/).slice(2)).toEqual([
      "❌ feeds → batch/Job feeds/feeds-migrate",
      "PreSync hook failed: Job has reached the specified backoff limit",
      "applications/feeds/base/migrate.yaml:4 · held final because it failed 2 times (its retry limit is 2)",
      "❌ grafana → apps/Deployment grafana/grafana",
      "container grafana crashes: exit code 1, 5 times so far",
      "applications/grafana/deployment.yaml:2",
      "❌ immich",
      'namespaces "immich" not found',
      "declared in applications/immich.yaml:1 · held final because nothing else made progress for 15 s",
      "The same reason: jellyfin",
      "Waiting for another",
      "root waits for feeds, grafana, immich",
      "Settings of Argo CD that the merge weakens",
      "argocd-plugins, allowed: the merge adds the plugin `sops` to the repo-server (infrastructure/argocd/values.yaml:12)",
    ]);
    expect(render(commentOf({ verdict: red }, context)).addresses).toContain(
      `${home}/blob/${context.head}/applications/feeds/base/migrate.yaml#L4`,
    );
  });

  it("keeps the tree, the files, and what Pods told", () => {
    const { text } = render(commentOf({ verdict: red }, context));
    expect(text).toContain("✗ ├─ feeds           Synced    Degraded");
    expect(text).toMatch(/feeds\s+modified applications\/feeds\/base\/migrate\.yaml/);
    expect(text).toContain("    log: Error: ✗ failed to connect to database");
    expect(text).toContain("charts.jetstack.io, 2 times, answered");
    expect(text).toContain("the mirror served it 41 times");
  });

  it("tells what is not the change's fault apart", () => {
    const lines = open({ verdict: infrastructure }).trim().split(/\n+/);
    expect(lines[0]).toBe(
      "⚠️ Not proven · 1 of 17 Applications did not pass; not for a reason in the change: vault",
    );
    expect(lines[2]).toMatch(/^Not about the change: the rehearsal itself could not be carried out/);
    expect(lines[3]).toBe("⚠️ vault · infrastructure, not the change");
    expect(open(reports.misused as Outcome)).toMatch(
      /^\s*⚙️ Not rehearsed · roots: clusters\/hom\/root\.yaml is not there\s/,
    );
  });

  it("that has no verdict is red, and says what to do", () => {
    const text = open({ missing: "the job was cancelled." });
    expect(text).toContain("❌ No verdict · the job was cancelled\n");
    expect(text).toContain("Nothing is proven, so this is no pass.");
  });

  it("on what no Argo CD could notice says why it passes", () => {
    expect(open(reports.irrelevant as Outcome)).toContain("✅ Nothing to rehearse · no Application, no root");
  });

  it("names its instance", () => {
    const comment = commentOf({ verdict: green }, { ...context, instance: "clusters/home" });
    expect(render(comment).text).toContain("✅ Rehearsal passed (clusters/home) · All 17");
  });

  it("keeps both ends of a long message, as the cause stands last", () => {
    const message = `rpc error: ${"a ".repeat(2_000)}: the cause`;
    const text = open({ verdict: verdict([failed("shop", { message })]) });
    expect(text).toContain("rpc error:");
    expect(text).toMatch(/\[… \d+ characters in the artifact …\].*: the cause/);
  });

  it("keeps failures where there is not room for all, and says what is missing", () => {
    const comment = commentOf({ verdict: huge }, context);
    expect(comment).toContain("`application-0`");
    expect(render(comment).text).toMatch(
      /Left out here: \d+ Pod listings, \d+ failures\. All of it is in the artifact rehearsal-report of the run\./,
    );
    const few: Verdict = {
      ...huge,
      applications: huge.applications.map((one, index) => (index < 3 ? one : application(`ok-${index}`))),
    };
    const text = render(commentOf({ verdict: few }, context)).text;
    for (const index of [0, 1, 2]) expect(text).toContain(`❌ application-${index}`);
    expect(text).toMatch(/Left out here: \d+ (?:groups|files)/);
  });

  it("shows the stack of a defect as it is", () => {
    const summary = "Rehearsal itself failed: TypeError: x\n    at f (a.ts:1:2)\n    at g (b.ts:3:4)";
    const error = { message: summary, where: undefined, fix: undefined };
    const rendered = render(
      commentOf({ verdict: verdict([], { result: "infrastructure", summary, error }) }, context),
    );
    expect(rendered.text).toContain("    at f (a.ts:1:2)\n    at g (b.ts:3:4)\n");
    expect(rendered.elements).toContain("pre");
  });
});
