import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isExpected, UsageError } from "../runner/errors.ts";
import { packageRoot } from "../runner/package-root.ts";
import { loadConfig, parseConfig } from "./config.ts";
import { configJsonSchema } from "./config-schema.ts";
import { git, temporaryFolder, writeFiles } from "./git-fixture.ts";
import { mapping, text } from "./untyped.ts";

const top = "/home/you/homelab";
const atTop = { top, file: `${top}/.rehearsal.yaml` };

function refusalOf(text: string) {
  try {
    parseConfig(text, atTop);
  } catch (error) {
    if (error instanceof UsageError)
      return { message: error.message, line: error.where?.line, fix: error.fix };
    throw error;
  }
  throw new Error("not refused");
}

describe("a configuration", () => {
  test("with every key", () => {
    const config = parseConfig(
      `# yaml-language-server: $schema=https://example.org/schema.json
repository: {url: https://git.example.org/you/homelab.git, aliases: [git@git.example.org:you/homelab]}
baseBranch: main
roots:
  - clusters/home
  - ./root.yaml
argocd:
  values: infrastructure/argocd/values.yaml
  chart: argo-cd
  repository: ../charts
  version: "9.2"
  release: argo
  namespace: gitops
engine: k3d
simulated: {stages: [stages]}
k3d: {config: k3d.yaml, images: [docker.io/library/busybox], imageCache: .cache/images}
existing: {context: staging, mirror: {bind: 10.0.0.5, host: rehearsal.lan}}
timeout: 1h30m
settle: 500ms
egress: restricted
vendor: {cache: ../cache}
credentials: [{url: "https://charts.example.org/", username: me, passwordFrom: CHARTS_TOKEN}]
allowEmpty: [previews]
relevance: {ignore: ["ansible/**"]}
allow: [argocd-plugins]
hostAccess: [storage/driver]
toolchain: {directory: bin, archive: "https://example.org/{key}.tar.xz", sha256: ${"A".repeat(64)}}
`,
      atTop,
    );
    expect(config).toEqual({
      file: ".rehearsal.yaml",
      repository: {
        url: "https://git.example.org/you/homelab.git",
        aliases: ["git@git.example.org:you/homelab"],
      },
      baseBranch: "main",
      roots: [
        { path: "clusters/home", place: { file: ".rehearsal.yaml", line: 5 } },
        { path: "root.yaml", place: { file: ".rehearsal.yaml", line: 6 } },
      ],
      argocd: {
        values: { path: "infrastructure/argocd/values.yaml", place: { file: ".rehearsal.yaml", line: 8 } },
        chart: "argo-cd",
        repository: "/home/you/charts",
        version: "9.2",
        release: "argo",
        namespace: "gitops",
      },
      engine: "k3d",
      simulated: { stages: [{ path: "stages", place: { file: ".rehearsal.yaml", line: 15 } }] },
      k3d: {
        config: { path: "k3d.yaml", place: { file: ".rehearsal.yaml", line: 16 }, text: undefined },
        images: ["docker.io/library/busybox"],
        imageCache: `${top}/.cache/images`,
      },
      existing: {
        context: "staging",
        named: true,
        mirror: { bind: "10.0.0.5", host: "rehearsal.lan" },
      },
      timeoutMs: 5_400_000,
      settleMs: 500,
      egress: "restricted",
      offline: false,
      vendor: { cache: "/home/you/cache" },
      credentials: [{ url: "https://charts.example.org/", username: "me", passwordFrom: "CHARTS_TOKEN" }],
      allowEmpty: ["previews"],
      relevance: { ignore: ["ansible/**"] },
      allow: ["argocd-plugins"],
      hostAccess: ["storage/driver"],
      toolchain: {
        directory: `${top}/bin`,
        archive: "https://example.org/{key}.tar.xz",
        archiveSha256: "a".repeat(64),
      },
    });
  });

  test("with a cache at home", () => {
    const config = parseConfig("vendor: {cache: ~/.cache/charts}\n", atTop);
    expect(config.vendor.cache).toBe(join(homedir(), ".cache/charts"));
  });

  test("with credentials that are no names of variables", () => {
    const text = "credentials:\n  - url: https://charts.example.org\n    passwordFrom: s3cr3t-value\n";
    expect(refusalOf(text)).toMatchObject({
      message:
        ".rehearsal.yaml: credentials[0].passwordFrom is something else; accepted is the name of an environment variable",
      line: 3,
    });
  });

  test("without any", () => {
    const config = parseConfig("# nothing yet\n", atTop);
    expect(config).toMatchObject({
      file: ".rehearsal.yaml",
      roots: [],
      allowEmpty: [],
      relevance: { ignore: [] },
      allow: [],
      hostAccess: [],
      timeoutMs: undefined,
    });
    expect(parseConfig("{}", atTop).argocd.values).toBeUndefined();
  });

  test("in a folder: what it names starts there", () => {
    const text =
      "roots: [../root.yaml]\nargocd: {repository: 'https://charts.example.org'}\ntoolchain: {directory: /opt/bin}\n";
    const config = parseConfig(text, { top, file: `${top}/clusters/home/.rehearsal.yaml` });
    expect(config.file).toBe("clusters/home/.rehearsal.yaml");
    expect(config.roots.map(({ path }) => path)).toEqual(["clusters/root.yaml"]);
    expect(config.argocd.repository).toBe("https://charts.example.org");
    expect(config.toolchain.directory).toBe("/opt/bin");
  });

  test("from elsewhere: it speaks of the repository from its top", () => {
    const config = parseConfig("roots: [root.yaml]\ntoolchain: {directory: bin}\n", {
      top,
      file: "/etc/rehearsal.yaml",
    });
    expect(config.file).toBe("/etc/rehearsal.yaml");
    expect(config.roots.map(({ path }) => path)).toEqual(["root.yaml"]);
    expect(config.toolchain.directory).toBe("/etc/bin");
  });
});

describe("a wrong configuration says where, what was found, what is accepted", () => {
  test.each([
    ["a slip in a key", "timeut: 10m\n", 1, "timeut is not a key", "Did you mean timeout?"],
    [
      "a slip below",
      "\nargocd:\n  release: a\n  verson: 1\n",
      4,
      "argocd.verson is not a key",
      "Did you mean argocd.version?",
    ],
    [
      "a key of another section",
      "engine: simulated\nvalues: x.yaml\n",
      2,
      "values is not a key",
      "Did you mean argocd.values?",
    ],
    [
      "a key like none",
      "egress: open\nqqqqqqqqqqqq: 1\n",
      2,
      "qqqqqqqqqqqq is not a key",
      expect.stringMatching(/^The keys here are repository, .*toolchain\.$/),
    ],
    [
      "a duration without its unit",
      "timeout: 10\n",
      1,
      "timeout is the number 10; accepted is a duration, such as 90s, 10m or 1h30m",
      "Add its unit: ms, s, m or h.",
    ],
    [
      "a duration in words",
      "settle: 3 seconds\n",
      1,
      'settle is "3 seconds"; accepted is a duration, such as 90s, 10m or 1h30m',
      undefined,
    ],
    [
      "a version that became a number",
      "argocd:\n  version: 9.2\n",
      2,
      "argocd.version is the number 9.2; accepted is a version, in quotes if it looks like a number",
      "Put it in quotes.",
    ],
    [
      "a word for a list",
      "roots: root.yaml\n",
      1,
      'roots is "root.yaml"; accepted is a list of files and folders',
      undefined,
    ],
    [
      "an item",
      "roots:\n  - a.yaml\n  - [b]\n",
      3,
      "roots[1] is a list; accepted is a path relative to this file",
      undefined,
    ],
    [
      "no item",
      "roots: []\n",
      1,
      "roots is an empty list; accepted is at least one file or folder",
      undefined,
    ],
    [
      "a slip in a choice",
      "egress: restrcited\n",
      1,
      'egress is "restrcited"; accepted is open or restricted',
      "Did you mean restricted?",
    ],
    [
      "a section without keys",
      "engine: simulated\nargocd:\n",
      2,
      "argocd is empty; accepted is a mapping with values, chart, repository, version, release or namespace",
      undefined,
    ],
    ["a list at the top", "- roots\n", 1, "the configuration is a list; accepted is a mapping", undefined],
    [
      "a bad checksum",
      "toolchain: {sha256: abc}\n",
      1,
      'toolchain.sha256 is "abc"; accepted is 64 hexadecimal digits',
      undefined,
    ],
    [
      "a path that leads out",
      "\nroots:\n  - ../../x.yaml\n",
      3,
      'roots[0] is "../../x.yaml", which leads out of the repository',
      "Write it relative to the configuration file.",
    ],
  ])("%s", (_, text, line, message, fix) => {
    expect(refusalOf(text)).toEqual({ message: `.rehearsal.yaml: ${message}`, line, fix });
  });

  test("broken YAML, a key twice, two documents", () => {
    expect(refusalOf("roots: [\n")).toMatchObject({
      message: expect.stringMatching(/^\.rehearsal\.yaml is not valid YAML: /),
    });
    expect(refusalOf("settle: 1s\ntimeout: 1m\nsettle: 2s\n")).toMatchObject({
      line: 3,
      message: expect.stringContaining("settle stands twice"),
    });
    expect(refusalOf("settle: 1s\n---\ntimeout: 1m\n")).toMatchObject({ line: 3 });
  });
});

describe("loadConfig", () => {
  test("prefers the folder's own to that of the top, and the one that is named to both", async () => {
    await using folder = await temporaryFolder();
    const repository = join(folder.path, "repository");
    await mkdir(repository);
    await git(repository, "init", "--quiet");
    await writeFiles(repository, {
      ".rehearsal.yaml": "timeout: 1m\n",
      "home/.rehearsal.yaml": "timeout: 2m\n",
      "other/x": "",
      "named.yaml": "timeout: 3m\n",
    });
    const timeoutOf = async (path: string, file?: string) =>
      (await loadConfig(join(repository, path), { file: file && join(repository, file) })).timeoutMs;
    expect(await timeoutOf(".")).toBe(60_000);
    expect(await timeoutOf("other")).toBe(60_000);
    expect(await timeoutOf("home")).toBe(120_000);
    expect(await timeoutOf("home", "named.yaml")).toBe(180_000);
    await expect(timeoutOf("home", "absent.yaml")).rejects.toThrow(/there is no configuration file/);
  });

  test("gives an empty one where there is none, and says when it cannot be read", async () => {
    await using folder = await temporaryFolder();
    expect(await loadConfig(folder.path)).toMatchObject({ file: undefined, roots: [] });
    await mkdir(join(folder.path, ".rehearsal.yaml"));
    const error = await loadConfig(folder.path).catch((thrown: unknown) => thrown);
    expect(isExpected(error) && error.message).toMatch(/cannot be read/);
  });
});

describe("the JSON Schema", () => {
  test("is up to date (node ci/schema.ts writes it)", async () => {
    expect(await readFile(join(packageRoot(), "schema/rehearsal.schema.json"), "utf8")).toBe(
      configJsonSchema(),
    );
  });

  test("describes each key", () => {
    const undescribed = (schema: unknown, path: string): string[] =>
      Object.entries(mapping(mapping(schema).properties)).flatMap(([key, value]) => [
        ...(text(mapping(value).description) ? [] : [`${path}${key}`]),
        ...undescribed(value, `${path}${key}.`),
      ]);
    expect(undescribed(parse(configJsonSchema()), "")).toEqual([]);
  });
});
