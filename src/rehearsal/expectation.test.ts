import { describe, expect, it } from "vitest";
import { merge, older, passing, passingMany, repoURL, underTest, web } from "./application-fixture.ts";
import { areAsExpected, expectationsOf, revisionsOf, type UnderTest } from "./expectation.ts";

function kindOf(targetRevision: string | undefined, changes: Partial<UnderTest> = {}): string | undefined {
  const application = passing("web", { "spec.source.targetRevision": targetRevision });
  return expectationsOf(application, { ...underTest, ...changes })[0]?.kind;
}

describe("a source of the rehearsed repository", () => {
  it.each(["main", "refs/heads/main", "HEAD", "", undefined, merge])(
    "at %s has to be at the merge result",
    (revision) => expect(kindOf(revision)).toBe("merge"),
  );

  it.each([
    "v1.2.3",
    "1.x",
    "release",
    "refs/tags/main",
    "refs/pull/7/merge",
    "main~1",
    older,
    merge.slice(0, 7),
  ])("at %s keeps its meaning", (revision) => expect(kindOf(revision)).toBe("pinned"));

  it.each(["HEAD", "", undefined])(
    "at %s keeps its meaning where the base is not the default branch",
    (revision) => {
      const release = { baseBranch: "release", baseIsDefault: false };
      expect(kindOf(revision, release)).toBe("pinned");
      expect(kindOf("release", release)).toBe("merge");
      expect(kindOf("main", release)).toBe("pinned");
    },
  );

  it("is one whose chart is named by an empty text", () => {
    const application = passing("web", { "spec.source.chart": "" });
    expect(expectationsOf(application, underTest)[0]?.kind).toBe("merge");
  });
});

it("takes charts and other repositories as they are", () => {
  const sources = [
    { repoURL: "https://charts.example", chart: "web", targetRevision: "main" },
    { repoURL: "https://github.com/home/other", path: ".", targetRevision: "main" },
    { ...web, repoURL: `${repoURL}.git` },
  ];
  const application = passingMany("web", sources, ["1.2.3", older, merge]);
  expect(expectationsOf(application, underTest).map(({ kind }) => kind)).toEqual([
    "elsewhere",
    "elsewhere",
    "merge",
  ]);
});

it("takes sources before source, as Argo CD does", () => {
  const application = passing("web", { "spec.sources": [{ ...web, targetRevision: "v1" }] });
  expect(expectationsOf(application, underTest).map(({ kind }) => kind)).toEqual(["pinned"]);
});

describe("revisions", () => {
  const [toMerge] = expectationsOf(passing("web"), underTest);
  const [pinned] = expectationsOf(passing("web", { "spec.source.targetRevision": "v1" }), underTest);
  if (!toMerge || !pinned) throw new Error("an Application with a source has an expectation");

  it("are those of several sources, or the one", () => {
    expect(revisionsOf({ revision: merge })).toEqual([merge]);
    expect(revisionsOf({ revision: "", revisions: [merge, older] })).toEqual([merge, older]);
    expect(revisionsOf({ revision: merge, revisions: [] })).toEqual([merge]);
    expect(revisionsOf({ revision: "" })).toEqual([]);
    expect(revisionsOf(undefined)).toEqual([]);
  });

  it("are as expected where each is", () => {
    expect(areAsExpected([merge], [toMerge])).toBe(true);
    expect(areAsExpected([older], [pinned])).toBe(true);
    expect(areAsExpected([older, merge], [pinned, toMerge])).toBe(true);
  });

  it("are not as expected where one is another, is missing, is empty or is too many", () => {
    expect(areAsExpected([older], [toMerge])).toBe(false);
    expect(areAsExpected(["main"], [toMerge])).toBe(false);
    expect(areAsExpected([merge.slice(0, 12)], [toMerge])).toBe(false);
    expect(areAsExpected([merge, older], [pinned, toMerge])).toBe(false);
    expect(areAsExpected([merge], [toMerge, toMerge])).toBe(false);
    expect(areAsExpected([merge, merge], [toMerge])).toBe(false);
    expect(areAsExpected([""], [pinned])).toBe(false);
    expect(areAsExpected([], [toMerge])).toBe(false);
    expect(areAsExpected([], [])).toBe(false);
  });
});
