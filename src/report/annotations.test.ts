import { describe, expect, it } from "vitest";
import { application, failed, verdict } from "../rehearsal/verdict-fixture.ts";
import { annotationsOf, noFile } from "./annotations.ts";
import { evil } from "./hostile-fixture.ts";
import { conflict, green, huge, infrastructure, red } from "./report-fixture.ts";

describe("annotations", () => {
  it("are on the manifest at fault, else on where the Application is declared, in order", () => {
    expect(annotationsOf(red).map(({ file, line, level, title }) => ({ file, line, level, title }))).toEqual([
      {
        ...{ file: ".github", line: undefined, level: "failure" },
        title: 'jellyfin: namespaces "jellyfin" not found',
      },
      {
        ...{ file: "applications/feeds/base/migrate.yaml", line: 4, level: "failure" },
        title:
          "feeds → batch/Job feeds/feeds-migrate: PreSync hook failed: Job has reached the specified backoff limit",
      },
      {
        ...{ file: "applications/grafana/deployment.yaml", line: 2, level: "failure" },
        title:
          "grafana → apps/Deployment grafana/grafana: container grafana crashes: exit code 1, 5 times so far",
      },
      {
        ...{ file: "applications/immich.yaml", line: 1, level: "failure" },
        title: 'immich: namespaces "immich" not found',
      },
      {
        ...{ file: "infrastructure/argocd/values.yaml", line: 12, level: "notice" },
        title: "argocd-plugins: the merge adds the plugin `sops` to the repo-server",
      },
    ]);
  });

  it("say why it was final, and what Pods told", () => {
    const message = (name: string) => annotationsOf(red).find(({ title }) => title.startsWith(name))?.message;
    expect(message("feeds")).toBe(
      "PreSync hook failed: Job has reached the specified backoff limit\nHeld final because it failed 2 times (its retry limit is 2).",
    );
    expect(message("grafana")).toContain("\nPod grafana/grafana-76dfc4b4fb-frxh7 (Running, not ready)\n");
  });

  it("are on no file where nothing in one is at fault", () => {
    expect(annotationsOf(infrastructure)).toMatchObject([
      { file: noFile, line: undefined, level: "warning" },
    ]);
  });

  it("say where a change is broken before anything ran, and how to mend it", () => {
    expect(annotationsOf(conflict)).toEqual([
      {
        ...{ file: "applications/feeds.yaml", line: 7, level: "failure" },
        title: "the merge of c0ffee5e into main conflicts",
        message:
          "the merge of c0ffee5e into main conflicts\nMerge main into your branch, and resolve it there.",
      },
    ]);
  });

  it("are none of what passed or waits", () => {
    expect(annotationsOf(green)).toEqual([]);
    expect(annotationsOf(verdict([application("root", { state: "waiting", waitsFor: ["x"] })]))).toEqual([]);
  });

  it("are each there once", () => {
    const twice = verdict([failed("shop"), { ...failed("shop"), namespace: "other" }]);
    expect(annotationsOf(twice)).toHaveLength(1);
  });

  it("keep GitHub's limits, and to the repository", () => {
    const long = verdict([failed("🎉".repeat(300), { message: "é".repeat(100_000), place: { file: "a" } })]);
    for (const { file, title, message } of [evil, huge, long].flatMap(annotationsOf)) {
      expect(title.length).toBeLessThanOrEqual(255);
      expect(title).not.toMatch(/\n|\p{Default_Ignorable_Code_Point}/u);
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(64 * 1024);
      expect(message.isWellFormed()).toBe(true);
      expect(file.split("/")).not.toContain("..");
    }
    expect(annotationsOf(huge)).toHaveLength(500);
  });
});
