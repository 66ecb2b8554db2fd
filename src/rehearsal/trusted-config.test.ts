import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EngineName } from "../engine/engine.ts";
import type { Checkout } from "../repository/checkout.ts";
import { emptyConfig, parseConfig } from "../repository/config.ts";
import type { ConfigOverrides } from "../repository/config-overrides.ts";
import { temporaryFolder, writeFiles } from "../repository/git-fixture.ts";
import { type CommittedFiles, committed } from "../repository/tree-fixture.ts";
import { UsageError } from "../runner/errors.ts";
import type { ConfigFrom } from "./request.ts";
import { reviewOwnConfig, trustedConfig } from "./trusted-config.ts";

const top = "/home/you/homelab";

interface Case {
  scope?: string;
  from?: ConfigFrom;
  overrides?: ConfigOverrides;
  engine?: EngineName;
}

async function trustedOf(base: CommittedFiles, here: string, given: Case = {}) {
  await using repository = await committed(base);
  const trusted = await trustedConfig({
    checkout: { top, scope: given.scope ?? "" } as Checkout,
    config: parseConfig(here, { top, file: `${top}/.rehearsal.yaml` }),
    from: given.from ?? "checkout",
    overrides: given.overrides,
    base: repository.tree,
  });
  return { ...trusted, settings: await trusted.settings(given.engine ?? "k3d") };
}

describe("the settings of an engine", () => {
  test("are those of the base, whatever the change says", async () => {
    const { settings, notes } = await trustedOf(
      { ".rehearsal.yaml": "k3d: {config: k3d.yaml, images: [a]}\n", "k3d.yaml": "kind: Simple\n" },
      "k3d: {config: evil.yaml}\nexisting: {context: live}\n",
    );
    expect(settings.k3d.config).toMatchObject({ path: "k3d.yaml", text: "kind: Simple\n" });
    expect(settings.k3d.images).toEqual(["a"]);
    expect(settings.existing).toMatchObject({ context: undefined, named: false });
    expect(notes).toEqual([
      "The engine, its settings, the toolchain, the cache, credentials and what is allowed are those of the base; what .rehearsal.yaml says of them here counts after the merge.",
    ]);
  });

  test("bring the stages of the base, whatever the change says", async () => {
    const base = {
      ".rehearsal.yaml": "simulated: {stages: [stages]}\n",
      "stages/a.yaml": "kind: Stage\n",
      "stages/below/b.yml": "kind: Other\n",
      "stages/README.md": "",
    };
    const { settings, notes } = await trustedOf(base, "simulated: {stages: [evil]}\n", {
      engine: "simulated",
    });
    expect(settings.simulated.stages).toEqual([
      { path: "stages/a.yaml", text: "kind: Stage\n" },
      { path: "stages/below/b.yml", text: "kind: Other\n" },
    ]);
    expect(notes).toHaveLength(1);
  });

  test("name the folder of stages that is not there, and its line", async () => {
    const base = { ".rehearsal.yaml": "\nsimulated:\n  stages: [stages]\nk3d: {config: k3d.yaml}\n" };
    await expect(trustedOf(base, "", { engine: "existing" })).resolves.toBeDefined();
    const asked = trustedOf(base, "", { engine: "simulated" });
    await expect(asked).rejects.toMatchObject({
      message: "there is no YAML file below stages on the base",
      where: { file: ".rehearsal.yaml", line: 3 },
    });
  });

  test("name the engine that the base names, or none", async () => {
    const base = { ".rehearsal.yaml": "engine: k3d\n" };
    expect((await trustedOf(base, "engine: existing\n")).config.engine).toBe("k3d");
    const { config, notes } = await trustedOf({ "README.md": "" }, "engine: existing\n");
    expect(config.engine).toBeUndefined();
    expect(notes).toHaveLength(1);
  });

  test("of a base whose configuration is invalid are none: the change may mend it", async () => {
    const { config, settings, notes } = await trustedOf(
      { ".rehearsal.yaml": "engine: [\n" },
      "engine: k3d\n",
    );
    expect(config.engine).toBeUndefined();
    expect(settings.k3d.config).toBeUndefined();
    expect(notes.join("\n")).toContain("its configuration is invalid: .rehearsal.yaml is not valid YAML");
  });

  test("come from the folder that is rehearsed before the top", async () => {
    const files = {
      ".rehearsal.yaml": "k3d: {images: [top]}\n",
      "home/.rehearsal.yaml": "k3d: {images: [home]}\n",
    };
    const { settings, notes } = await trustedOf(files, "k3d: {images: [home]}\n", { scope: "home" });
    expect(settings.k3d.images).toEqual(["home"]);
    expect(notes).toEqual([]);
  });

  test("are empty where the base has none", async () => {
    const { settings } = await trustedOf({ "README.md": "" }, "");
    expect(settings).toEqual({
      simulated: { stages: [] },
      k3d: { config: undefined, images: [], imageCache: undefined },
      existing: { context: undefined, named: false, mirror: { bind: undefined, host: undefined } },
    });
  });

  test("name a file that the base must have", async () => {
    const failing = trustedOf({ ".rehearsal.yaml": "k3d: {config: k3d.yaml}\n" }, "");
    await expect(failing).rejects.toThrow("there is no k3d configuration k3d.yaml on the base");
  });

  test.each([
    { base: "existing: {context: live}\n", context: "live", named: true },
    { base: "existing: {context: live}\n", context: "other", named: false },
    { base: "", context: "live", named: false },
  ])("a context of the command line counts as named only if the base names it: $base", async (row) => {
    const { settings } = await trustedOf({ ".rehearsal.yaml": row.base }, "", {
      overrides: { context: row.context },
    });
    expect(settings.existing).toMatchObject({ context: row.context, named: row.named });
  });

  test("are read from disk where the user named the file", async () => {
    await using folder = await temporaryFolder();
    await writeFiles(folder.path, { "k3d.yaml": "kind: Simple\n" });
    const file = join(folder.path, "ci.yaml");
    await using repository = await committed({ ".rehearsal.yaml": "k3d: {config: other.yaml}\n" });
    const trusted = await trustedConfig({
      checkout: { top: folder.path, scope: "" } as Checkout,
      config: parseConfig("k3d: {config: k3d.yaml}\nexisting: {context: live}\n", { top: folder.path, file }),
      from: "named",
      base: repository.tree,
    });
    const settings = await trusted.settings("k3d");
    expect(settings.k3d.config?.text).toBe("kind: Simple\n");
    expect(settings.existing.named).toBe(true);
  });
});

describe("the toolchain and what is allowed", () => {
  test("are those of the base, whatever the change says", async () => {
    const { config } = await trustedOf(
      { ".rehearsal.yaml": "toolchain: {directory: /opt/good}\nallow: [argocd-rbac]\nhostAccess: [a/b]\n" },
      "toolchain: {directory: /tmp/evil}\nallow: [argocd-plugins]\nhostAccess: [evil/evil]\ntimeout: 1m\n",
    );
    expect(config.toolchain.directory).toBe("/opt/good");
    expect(config.allow).toEqual(["argocd-rbac"]);
    expect(config.hostAccess).toEqual(["a/b"]);
    expect(config.timeoutMs).toBe(60_000);
  });

  test("but for what the command line names", async () => {
    const { config } = await trustedOf({ "README.md": "" }, "toolchain: {directory: /tmp/evil}\n", {
      overrides: { toolchainDirectory: "/opt/mine" },
    });
    expect(config.toolchain.directory).toBe("/opt/mine");
  });
});

describe("where the change is somebody else's", () => {
  const theirs =
    "roots: [evil]\ntimeout: 1h\nsettle: 1ms\nallowEmpty: [all]\negress: open\nargocd: {version: 1.0.0}\nrelevance: {ignore: ['**']}\n";

  test("all of the configuration is the base's", async () => {
    const { config } = await trustedOf(
      { ".rehearsal.yaml": "roots: [root.yaml]\negress: restricted\nargocd: {version: 9.2.2}\n" },
      theirs,
      { from: "base" },
    );
    expect(config).toMatchObject({
      roots: [{ path: "root.yaml" }],
      egress: "restricted",
      timeoutMs: undefined,
      settleMs: undefined,
      allowEmpty: [],
      argocd: { version: "9.2.2" },
      relevance: { ignore: [] },
    });
  });

  test("a base without one counts as an empty one", async () => {
    const { config } = await trustedOf({ "README.md": "" }, theirs, { from: "base" });
    expect(config).toEqual(emptyConfig());
  });

  test("what the workflow asks for wins", async () => {
    const { config } = await trustedOf({ ".rehearsal.yaml": "roots: [a]\ntimeout: 1m\n" }, theirs, {
      from: "base",
      overrides: { roots: ["b"], rootsFrom: "the input roots", timeoutMs: 5 },
    });
    expect(config.roots).toEqual([{ path: "b", place: { file: "the input roots" } }]);
    expect(config.timeoutMs).toBe(5);
  });

  test("a base whose configuration is invalid leaves nothing to go by", async () => {
    const failing = trustedOf({ ".rehearsal.yaml": "engine: [\n" }, "engine: k3d\n", { from: "base" });
    await expect(failing).rejects.toThrow(UsageError);
    await expect(failing).rejects.toThrow("the configuration on the base is invalid: .rehearsal.yaml");
  });

  test.each(["tools", "/home/you/homelab/tools", "."])(
    "programs in the checkout are refused: %s",
    async (directory) => {
      const base = { ".rehearsal.yaml": `toolchain: {directory: "${directory}"}\n` };
      await expect(trustedOf(base, "", { from: "base" })).rejects.toThrow(
        "toolchain.directory lies in the checkout",
      );
    },
  );

  test("credentials and the cache are those of the base; a cache that was asked for wins", async () => {
    const base = {
      ".rehearsal.yaml":
        "vendor: {cache: /var/cache}\ncredentials: [{url: https://charts.example.org, passwordFrom: TOKEN}]\n",
    };
    const change =
      "vendor: {cache: /tmp/mine}\ncredentials: [{url: https://evil.example.org, passwordFrom: TOKEN}]\n";
    const { config, notes } = await trustedOf(base, change);
    expect(config.vendor.cache).toBe("/var/cache");
    expect(config.credentials.map(({ url }) => url)).toEqual(["https://charts.example.org"]);
    expect(notes).toHaveLength(1);
    const overrides = { cache: "/var/other", offline: true };
    expect((await trustedOf(base, change, { overrides })).config).toMatchObject({
      vendor: { cache: "/var/other" },
      offline: true,
    });
  });

  test("a cache in the checkout is refused, where the change is somebody else's", async () => {
    const base = { ".rehearsal.yaml": "vendor: {cache: .cache}\n" };
    await expect(trustedOf(base, "", { from: "base" })).rejects.toThrow("lies in the checkout");
    const overrides = { cache: `${top}/.cache` };
    await expect(trustedOf({}, "", { from: "base", overrides })).rejects.toThrow("lies in the checkout");
  });

  test.each([
    { name: "the same", merged: "# a comment\ntimeout:   10m\n", notes: 0 },
    { name: "another", merged: "timeout: 20m\n", notes: 1 },
    { name: "none", merged: undefined, notes: 1 },
  ])("the change's own is told of where it differs: $name", async ({ merged, notes }) => {
    await using repository = await committed(
      merged === undefined ? { a: "" } : { ".rehearsal.yaml": merged },
    );
    const trusted = parseConfig("timeout: 10m\n", { top, file: `${top}/.rehearsal.yaml` });
    const found = await reviewOwnConfig(trusted, repository.tree, { top, scope: "" } as Checkout);
    expect(found).toHaveLength(notes);
  });

  test("one that the change breaks is refused", async () => {
    await using repository = await committed({ ".rehearsal.yaml": "timeuot: 10m\n" });
    const failing = reviewOwnConfig(emptyConfig(), repository.tree, { top, scope: "" } as Checkout);
    await expect(failing).rejects.toThrow("timeuot is not a key");
  });
});
