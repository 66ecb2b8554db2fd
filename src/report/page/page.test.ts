import { describe, expect, it } from "vitest";
import { application, failed, verdict } from "../../rehearsal/verdict-fixture.ts";
import { type Outcome, unlinked } from "../outcome.ts";
import { context, green, huge, infrastructure, red, reports } from "../report-fixture.ts";
import { pageOf } from "./page.ts";
import { attributeOf, classed, ownText, type ReadPage, readPage, textOf } from "./page-fixture.ts";

const home = "https://github.com/gitops-rehearsal/homelab";

function read(outcome: Outcome, at = context): ReadPage {
  return readPage(pageOf(outcome, at));
}

describe("the page", () => {
  it("says result and reason on top", () => {
    const page = read({ verdict: red });
    const [heading] = page.elements.filter(({ tagName }) => tagName === "h1");
    expect(heading && textOf(heading)).toBe("Rehearsal failed");
    expect(classed(page, "sentence").map(textOf)).toEqual([
      "5 of 17 Applications did not pass; at fault: feeds, grafana, immich, jellyfin.",
    ]);
    expect(classed(page, "states").map(textOf)).toEqual(["4 failed 1 waiting 12 passed"]);
    expect(
      classed(page, "ran").flatMap(({ childNodes }) =>
        childNodes.map((node) => "tagName" in node && textOf(node)),
      ),
    ).toEqual([
      "c0ffee5e into main at bbbbbbbb",
      "k3d engine, Kubernetes v1.37.2+k3s1",
      "Argo CD v3.6.1",
      "1 min 5 s",
      "the run",
    ]);
  });

  it("leads from each cause to its line in Git, and says what its Pods told", () => {
    const page = read({ verdict: red });
    const [feeds, grafana, immich] = classed(page, "cause").map(textOf);
    expect(feeds).toBe(
      "feeds → batch/Job feeds/feeds-migrate PreSync hook failed: Job has reached the specified backoff limit Where" +
        "applications/feeds/base/migrate.yaml:4Kindhook" +
        "Held final becauseit failed 2 times (its retry limit is 2)",
    );
    expect(grafana).toContain(
      "What 1 Pod told grafana/grafana-76dfc4b4fb-frxh7 Running, not ready on k3d-rehearsal-agent-0",
    );
    expect(grafana).toContain("event FailedCreate of ReplicaSet grafana: exceeded quota: compute");
    expect(immich).toContain("Wheredeclared in applications/immich.yaml:1");
    expect(immich).toContain("The same reasonjellyfin");
    const links = page.elements.map((element) => attributeOf(element, "href"));
    expect(links).toContain(`${home}/blob/${context.head}/applications/feeds/base/migrate.yaml#L4`);
    expect(classed(page, "waits").map(textOf)).toEqual(["root waits for feeds, grafana, immich"]);
  });

  it("links nothing to a server that it does not know", () => {
    const { elements, text } = read({ verdict: red }, unlinked);
    const outside = elements
      .flatMap((element) => attributeOf(element, "href") ?? [])
      .filter((href) => !href.startsWith("#"));
    expect(outside).toEqual([]);
    expect(text).toContain("applications/feeds/base/migrate.yaml:4");
  });

  it("shows every Application under what brought it", () => {
    const sets = [
      {
        name: "sites",
        namespace: "argocd",
        state: "passed",
        parent: "root",
        reason: undefined,
        generated: 1,
      },
    ] as const;
    const applications = [application("root"), application("blog", { parent: "sites" }), failed("shop")];
    const rows = classed(read({ verdict: verdict(applications, { applicationSets: sets }) }), "row");
    expect(rows.map((row) => [attributeOf(row, "class"), textOf(row).split(" ")[0]])).toEqual([
      ["row passed depth-0", expect.stringMatching(/^rootpassed/)],
      ["row passed depth-1", expect.stringMatching(/^sitespassedApplicationSet/)],
      ["row passed depth-2", expect.stringMatching(/^blogpassed/)],
      ["row failed depth-0", expect.stringMatching(/^shopfailed/)],
    ]);
    expect(pageOf({ verdict: huge }, context).match(/<details class="row /g)).toHaveLength(500);
  });

  it("says per Application what is not proven, and which files change it", () => {
    const page = read({ verdict: green });
    expect(classed(page, "caveat").map(textOf)).toEqual([
      "18 objects were not exercised in full on the simulated engine.",
    ]);
    expect(classed(page, "unproven").map(textOf)[1]).toMatch(
      /^no schedule came due 6 objects of 6 Applications argocdCronJob web\/backup/,
    );
    expect(classed(page, "group").map(textOf)).toEqual([
      "feeds modified applications/feeds/base/migrate.yamladded applications/feeds/base/kustomization.yaml",
      "Of no Application deleted README.md",
    ]);
    expect(page.text).toContain("The chart of Argo CD came from the cache.");
    expect(page.text).toContain("charts.jetstack.io, 2 times: answered");
  });

  it("says what came from the cache, and what was refused", () => {
    const artefacts = [
      { what: "podinfo 6.14.1 of https://charts.example.org", from: "cache", why: "no answer", count: 2 },
      { what: "app of https://git.example.org/app", from: "upstream", count: 1 },
    ] as const;
    const evidence = { mergeServed: 1, otherHosts: [], artefacts, refused: ["x is not in the cache"] };
    const [shown] = read({ verdict: { ...green, evidence } }).elements.filter(
      (element) => attributeOf(element, "id") === "evidence",
    );
    const text = shown && textOf(shown);
    expect(text).toContain(
      "1 from the cache, 1 from upstreampodinfo 6.14.1 of https://charts.example.org cache 2 times: no answer" +
        "app of https://git.example.org/app upstream once",
    );
    expect(text).toContain("Refusedx is not in the cache");
  });

  it("tells what is not the change's fault apart", () => {
    const page = read({ verdict: infrastructure });
    expect(page.text).toContain("Not proven");
    expect(classed(page, "meaning").map(textOf)[0]).toMatch(/^Not about the change: the rehearsal itself/);
    expect(classed(page, "cause").map(textOf)[0]).toContain("transport infrastructure, not the change");
  });

  it.each([
    ["conflict", "Rehearsal failed", "Merge main into your branch, and resolve it there."],
    ["misused", "Not rehearsed", "Name a file or folder that exists in the base."],
    ["irrelevant", "Nothing to rehearse", "no Application, no root and no setting of Argo CD is touched"],
    ["missing", "No verdict", "Nothing is proven, so this is no pass."],
  ] as const)("of %s says so", (name, title, words) => {
    const page = read(reports[name] as Outcome);
    expect(page.elements.filter(({ tagName }) => tagName === "h1").map(textOf)).toEqual([title]);
    expect(page.text).toContain(words);
    expect(classed(page, "row")).toEqual([]);
  });

  it("keeps both ends of a long message in sight, and all of it", () => {
    const message = `rpc error: ${"a ".repeat(2_000)}: the cause`;
    const [shown, whole] = classed(read({ verdict: verdict([failed("shop", { message })]) }), "message").map(
      textOf,
    );
    expect(shown).toMatch(/^rpc error: .* … .*: the cause$/);
    expect(shown?.length).toBeLessThan(800);
    expect(whole).toBe(message);
  });

  it("shows the stack of a defect as it is", () => {
    const summary = "Rehearsal itself failed: TypeError: x\n    at f (a.ts:1:2)\n    at g (b.ts:3:4)";
    const error = { message: summary, where: undefined, fix: undefined };
    const page = read({ verdict: verdict([], { result: "infrastructure", summary, error }) });
    expect(page.elements.filter(({ tagName }) => tagName === "pre").map(ownText)).toEqual([
      "    at f (a.ts:1:2)\n    at g (b.ts:3:4)",
    ]);
  });
});
