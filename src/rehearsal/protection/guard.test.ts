import { describe, expect, test } from "vitest";
import { type Files, guard, settingsOf, valuesFile } from "./protection-fixture.ts";

describe("what is no weakening", () => {
  const values =
    "configs:\n  cm:\n    exec.enabled: true\n    resource.exclusions: |\n      - kinds: [Pod]\n        apiGroups: ['']\n  rbac:\n    policy.csv: |\n      p, a, b, c, d, allow\n      g, x, y\n";
  test.each<{ name: string; before: Files; after: Files }>([
    {
      name: "comments, order, format",
      before: { [valuesFile]: values },
      after: {
        [valuesFile]:
          '# why\nconfigs:\n  rbac: {policy.csv: "g,x,y\\n# why\\np, a,  b, c, d, allow\\n"}\n  cm:\n    resource.exclusions: |\n      # why\n      - apiGroups: [""]\n        kinds:\n          - Pod\n    exec.enabled: "true"\n',
      },
    },
    { name: "a file that is moved", before: { "a/argocd.yaml": values }, after: { "b/values.yaml": values } },
    {
      name: "another tag of the image",
      before: { [valuesFile]: "global: {image: {tag: v1}}\n" },
      after: { [valuesFile]: "global: {image: {tag: v2}}\n" },
    },
    {
      name: "a harmless setting",
      before: { [valuesFile]: values },
      after: {
        [valuesFile]: `${values}  params: {server.log.level: debug, controller.status.processors: 10}\n`,
      },
    },
    {
      name: "values of another chart",
      before: { "x.yaml": "a: 1\n" },
      after: { "x.yaml": "server: {env: [{name: a}]}\ncontroller: {extraArgs: [x]}\n" },
    },
    {
      name: "an Application like any other",
      before: { "x.yaml": "a: 1\n" },
      after: {
        "x.yaml":
          "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {source: {repoURL: https://x, chart: y, helm: {values: 'server: {env: [a]}'}}}\n",
      },
    },
  ])("$name", async ({ before, after }) => {
    expect((await guard(before, after)).weakened).toEqual([]);
  });

  test("but the same grant to another Argo CD is one", async () => {
    const staging = { "staging/values.yaml": values };
    expect(await settingsOf(staging, { ...staging, "prod/values.yaml": values })).toEqual([
      "argocd-access",
      "argocd-exclusions",
      "argocd-rbac",
    ]);
  });
});

describe("what becomes of it", () => {
  const before = { [valuesFile]: "configs:\n  cm:\n    url: x\n" };
  const after = {
    [valuesFile]:
      "configs:\n  cm:\n    url: x\n    exec.enabled: true\n    kustomize.buildOptions: --enable-exec\n",
  };

  test("all of it is told, with file, line, and how to let it in", async () => {
    const { weakened, refused } = await guard(before, after);
    expect(weakened).toEqual([
      {
        setting: "argocd-access",
        message: "argocd-cm: exec.enabled is switched on",
        where: { file: valuesFile, line: 4 },
        allowed: false,
      },
      {
        setting: "argocd-kustomize",
        message: "argocd-cm: kustomize.buildOptions has --enable-exec",
        where: { file: valuesFile, line: 5 },
        allowed: false,
      },
    ]);
    expect(refused?.result).toBe("failed");
    expect(refused?.error.fix).toContain('"allow: [argocd-access, argocd-kustomize]"');
    expect(refused?.error.where).toEqual({ file: valuesFile, line: 4 });
  });

  test("what the base allows goes on, with a note", async () => {
    const some = await guard(before, after, { allow: ["argocd-access"] });
    expect(some.refused?.error.fix).toContain('"allow: [argocd-kustomize]"');
    const all = await guard(before, after, { allow: ["argocd-access", "argocd-kustomize"] });
    expect(all.refused).toBeUndefined();
    expect(all.notes).toHaveLength(2);
  });

  test("on the command line it is a note", async () => {
    const { refused, notes } = await guard(before, after, { from: "checkout" });
    expect(refused).toBeUndefined();
    expect(notes[0]).toBe(
      `argocd-cm: exec.enabled is switched on (${valuesFile}:4): on GitHub this is red until allow lists argocd-access on the base.`,
    );
  });

  test("no secret is told", async () => {
    const secret =
      "configs:\n  repositories:\n    x: {url: 'https://u:hunter2@h', password: hunter2}\nrepoServer:\n  env: [{name: T, value: hunter2}]\n  extraArgs: [--token=hunter2]\n";
    const guarded = await guard(before, { [valuesFile]: secret });
    expect(guarded.weakened.length).toBeGreaterThan(2);
    expect(JSON.stringify(guarded)).not.toContain("hunter2");
  });
});
