import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, it } from "vitest";
import { application, failed, verdict } from "../rehearsal/verdict-fixture.ts";
import { evil, hostile } from "./hostile-fixture.ts";
import { junitOf } from "./junit.ts";
import { conflict, green, huge, infrastructure, irrelevant, misused, red } from "./report-fixture.ts";

interface Element {
  name: string;
  attributes: Record<string, string>;
  text: string;
}

/** Every element in its order; throws where the text is not well-formed. */
function parse(xml: string): Element[] {
  const parser = new SaxesParser();
  const elements: Element[] = [];
  const open: Element[] = [];
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes: { ...attributes }, text: "" };
    elements.push(element);
    open.push(element);
  });
  parser.on("text", (text) => {
    const element = open.at(-1);
    if (element) element.text += text;
  });
  parser.on("closetag", () => {
    open.pop();
  });
  parser.write(xml).close();
  return elements;
}

/** What each test case came to: `class/name`, and the element within it. */
function cases(xml: string): string[] {
  const found: string[] = [];
  for (const { name, attributes } of parse(xml)) {
    if (name === "testcase") found.push(`${attributes.classname}/${attributes.name}`);
    if (["failure", "error", "skipped"].includes(name))
      found.push(`${found.pop()}: ${name} ${attributes.message}`);
  }
  return found;
}

function totals(xml: string): Record<string, string> {
  const [suites, suite] = parse(xml).map(({ attributes: { tests, failures, errors, skipped } }) => ({
    tests,
    failures,
    errors,
    skipped,
  }));
  expect(suite).toEqual(suites);
  return Object.fromEntries(Object.entries(suites ?? {}).map(([name, value]) => [name, value ?? ""]));
}

describe("JUnit's XML", () => {
  it("has a test case for each Application, in the class of its parent", () => {
    const found = cases(junitOf(green));
    expect(found).toHaveLength(17);
    expect(found.slice(0, 2)).toEqual(["roots/root", "root/argocd"]);
    expect(totals(junitOf(green))).toEqual({ tests: "17", failures: "0", errors: "0", skipped: "0" });
  });

  it("says of a failure what, where and why it is final, and of one that waits for whom", () => {
    const found = cases(junitOf(red)).filter((one) => one.includes(": "));
    expect(found).toEqual([
      "roots/root: skipped waits for feeds, grafana, immich",
      "root/feeds: failure PreSync hook failed: Job has reached the specified backoff limit",
      "root/grafana: failure container grafana crashes: exit code 1, 5 times so far",
      'root/immich: failure namespaces "immich" not found',
      'root/jellyfin: failure namespaces "jellyfin" not found',
    ]);
    expect(totals(junitOf(red))).toEqual({ tests: "17", failures: "4", errors: "0", skipped: "1" });
    const [first, second] = parse(junitOf(red)).filter(({ name }) => name === "failure");
    expect(first).toEqual({
      name: "failure",
      attributes: {
        message: "PreSync hook failed: Job has reached the specified backoff limit",
        type: "hook",
      },
      text: [
        "feeds → batch/Job feeds/feeds-migrate",
        "PreSync hook failed: Job has reached the specified backoff limit",
        "at applications/feeds/base/migrate.yaml:4",
        "held final because it failed 2 times (its retry limit is 2)",
      ].join("\n"),
    });
    expect(second?.text).toContain(
      "Pod grafana/grafana-76dfc4b4fb-frxh7 (Running, not ready)\n  container grafana crashes",
    );
  });

  it("gives times, and the file and line to look at", () => {
    const [, argocd] = parse(junitOf(red)).filter(({ name }) => name === "testcase");
    expect(argocd?.attributes).toEqual({
      ...{ classname: "root", name: "argocd", time: "4.000" },
      ...{ file: "applications/argocd.yaml", line: "1" },
    });
    const feeds = parse(junitOf(red)).find(({ attributes }) => attributes.name === "feeds");
    expect(feeds?.attributes).toMatchObject({ file: "applications/feeds/base/migrate.yaml", line: "4" });
  });

  it("calls an error what is not about the change", () => {
    expect(cases(junitOf(infrastructure)).at(-1)).toMatch(/^root\/vault: error failed to fetch chart/);
    expect(totals(junitOf(infrastructure))).toMatchObject({ tests: "17", failures: "0", errors: "1" });
  });

  it.each([
    ["conflict", conflict, "Rehearsal/the rehearsal: error the merge of c0ffee5e into main conflicts"],
    ["misuse", misused, "Rehearsal/the rehearsal: error roots: clusters/hom/root.yaml is not there"],
    [
      "change that no Argo CD could notice",
      irrelevant,
      /^Rehearsal\/the rehearsal: skipped no Application, no root/,
    ],
  ])("of a %s is one test case, and no empty suite", (_, of, line) => {
    expect(cases(junitOf(of))).toEqual([typeof line === "string" ? line : expect.stringMatching(line)]);
  });

  it("fails wherever the verdict is not passed, though every Application passed", () => {
    const summary = "All were Synced and Healthy when the time was up, but did not stay so.";
    const of = verdict([application("shop")], { summary });
    expect(cases(junitOf(of))).toEqual([`Rehearsal/the rehearsal: error ${summary}`, "roots/shop"]);
    const waits = verdict([application("root", { state: "waiting", waitsFor: ["shop"] })], { summary });
    expect(totals(junitOf(waits))).toMatchObject({ errors: "1", skipped: "1" });
  });

  it("names an ApplicationSet that fails, and tells Applications of one name apart", () => {
    const reason = {
      code: "generates-nothing",
      class: "change",
      message: "its generators match nothing",
    } as const;
    const sets = [
      { name: "sites", namespace: "argocd", state: "failed", parent: "root", reason, generated: 0 },
    ] as const;
    const twins = [application("web", { namespace: "a" }), application("web", { namespace: "b" })];
    expect(cases(junitOf(verdict(twins, { applicationSets: sets })))).toEqual([
      "roots/a/web",
      "roots/b/web",
      "root/ApplicationSet sites: failure its generators match nothing",
    ]);
  });

  it("is well-formed, and counts rightly, whatever is said", () => {
    for (const of of [evil, huge]) expect(cases(junitOf(of))).toHaveLength(of.applications.length);
    const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary", maxLength: 100 }));
    const property = fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), text, (names, other) => {
      const applications = names.map((name, index) => ({
        ...failed(`${index}${name}`, { message: other, finality: name, place: { file: other, line: index } }),
        parent: other,
      }));
      const of = verdict([...applications, application("w", { state: "waiting", waitsFor: names })]);
      expect(cases(junitOf(of))).toHaveLength(names.length + 1);
      expect(totals(junitOf(of))).toMatchObject({ failures: String(names.length), skipped: "1" });
      const error = { message: other, where: { file: other }, fix: other };
      expect(totals(junitOf(verdict([], { summary: other, error })))).toMatchObject({
        tests: "1",
        errors: "1",
      });
    });
    fc.assert(property, { numRuns: Number(process.env.PROPERTY_RUNS ?? 20) });
  });
});
