import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Checkout } from "../repository/checkout.ts";
import { parseConfig } from "../repository/config.ts";
import { temporaryFolder, writeFiles } from "../repository/git-fixture.ts";
import { type CommittedFiles, committed } from "../repository/tree-fixture.ts";
import { engineChoice } from "./engine-choice.ts";

async function settingsOf(
  base: CommittedFiles,
  here: string,
  { scope = "", context }: { scope?: string; context?: string } = {},
) {
  await using repository = await committed(base);
  const top = "/home/you/homelab";
  const config = parseConfig(here, { top, file: `${top}/.rehearsal.yaml` });
  return await engineChoice({
    checkout: { top, scope } as Checkout,
    config:
      context === undefined ? config : { ...config, existing: { ...config.existing, context, named: false } },
    vouched: false,
    base: async () => repository.tree,
  });
}

describe("the settings of an engine", () => {
  test("are those of the base, whatever the change says", async () => {
    const { settings, notes } = await settingsOf(
      { ".rehearsal.yaml": "k3d: {config: k3d.yaml, images: [a]}\n", "k3d.yaml": "kind: Simple\n" },
      "k3d: {config: evil.yaml}\nexisting: {context: live}\n",
    );
    expect(settings.k3d.config).toMatchObject({ path: "k3d.yaml", text: "kind: Simple\n" });
    expect(settings.k3d.images).toEqual(["a"]);
    expect(settings.existing).toMatchObject({ context: undefined, named: false });
    expect(notes).toEqual([
      "The engine and its settings are those of the base; what .rehearsal.yaml says of them here counts after the merge.",
    ]);
  });

  test("name the engine that the base names, or none", async () => {
    const base = { ".rehearsal.yaml": "engine: k3d\n" };
    expect((await settingsOf(base, "engine: existing\n")).engine).toBe("k3d");
    const { engine, notes } = await settingsOf({ "README.md": "" }, "engine: existing\n");
    expect(engine).toBeUndefined();
    expect(notes).toHaveLength(1);
  });

  test("of a base whose configuration is invalid are none: the change may mend it", async () => {
    const { engine, settings, notes } = await settingsOf(
      { ".rehearsal.yaml": "engine: [\n" },
      "engine: k3d\n",
    );
    expect(engine).toBeUndefined();
    expect(settings.k3d.config).toBeUndefined();
    expect(notes.join("\n")).toContain("its configuration is invalid: .rehearsal.yaml is not valid YAML");
  });

  test("come from the folder that is rehearsed before the top", async () => {
    const files = {
      ".rehearsal.yaml": "k3d: {images: [top]}\n",
      "home/.rehearsal.yaml": "k3d: {images: [home]}\n",
    };
    const { settings, notes } = await settingsOf(files, "k3d: {images: [home]}\n", { scope: "home" });
    expect(settings.k3d.images).toEqual(["home"]);
    expect(notes).toEqual([]);
  });

  test("are empty where the base has none", async () => {
    const { settings } = await settingsOf({ "README.md": "" }, "");
    expect(settings).toEqual({
      k3d: { config: undefined, images: [], imageCache: undefined },
      existing: { context: undefined, named: false, mirror: { bind: undefined, host: undefined } },
    });
  });

  test("name a file that the base must have", async () => {
    const failing = settingsOf({ ".rehearsal.yaml": "k3d: {config: k3d.yaml}\n" }, "");
    await expect(failing).rejects.toThrow("there is no k3d configuration k3d.yaml on the base");
  });

  test.each([
    { base: "existing: {context: live}\n", context: "live", named: true },
    { base: "existing: {context: live}\n", context: "other", named: false },
    { base: "", context: "live", named: false },
  ])("a context of the command line counts as named only if the base names it: $base", async (row) => {
    const { settings } = await settingsOf({ ".rehearsal.yaml": row.base }, "", { context: row.context });
    expect(settings.existing).toMatchObject({ context: row.context, named: row.named });
  });

  test("are read from disk where the user named the file", async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { "k3d.yaml": "kind: Simple\n" });
    const file = join(folder.path, "ci.yaml");
    const { settings } = await engineChoice({
      checkout: { top: folder.path, scope: "" } as Checkout,
      config: parseConfig("k3d: {config: k3d.yaml}\nexisting: {context: live}\n", { top: folder.path, file }),
      vouched: true,
      base: () => Promise.reject(new Error("the base was read")),
    });
    expect(settings.k3d.config?.text).toBe("kind: Simple\n");
    expect(settings.existing.named).toBe(true);
  });
});
