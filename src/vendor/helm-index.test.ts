import { describe, expect, test } from "vitest";
import { digestOf } from "./digest.ts";
import { readIndex, writeIndex } from "./helm-index.ts";

const repository = "https://charts.example/stable";
const digest = "a".repeat(64);

/** As `helm repo index` writes it, as chart-releaser does, and as others do. */
const layouts: Record<string, string> = {
  "lists indented": `apiVersion: v1
entries:
  app:
    - apiVersion: v2
      description: |
        a text
        - with a dash
      digest: ${digest}
      name: app
      sources:
        - https://source.example/app.tgz
      urls:
        - https://objects.example/app-1.2.3.tgz
      version: 1.2.3
    - digest: ${digest}
      name: app
      urls:
        - app-1.2.2.tgz
      version: 1.2.2
  other: []
generated: "2026-01-01T00:00:00Z"
`,
  "lists at the level of their key, with comments and empty lines": `# made by hand

apiVersion: v1
entries:
  # the only one
  "app":

  - version: "1.2.3"
    name: app
    digest: sha256:${digest}
    urls: ["https://objects.example/app-1.2.3.tgz"]

  - urls:
    - app-1.2.2.tgz
    version: "1.2.2"
    name: app
    digest: ${digest}
`,
  JSON: JSON.stringify({
    apiVersion: "v1",
    entries: {
      app: [
        { name: "app", version: "1.2.3", digest, urls: ["https://objects.example/app-1.2.3.tgz"] },
        { name: "app", version: "1.2.2", digest, urls: ["app-1.2.2.tgz"] },
      ],
    },
  }),
  "entries in one line": `entries: {app: [{version: 1.2.3, digest: ${digest}, urls: [https://objects.example/app-1.2.3.tgz]}, {version: 1.2.2, digest: ${digest}, urls: [app-1.2.2.tgz]}]}`,
};

describe.each(Object.entries(layouts))("an index with %s", (_, text) => {
  const index = readIndex(text, repository);
  test("has its versions", () => {
    const versions = index
      ?.versionsOf("app")
      .map(({ version, digest: own, urls }) => [version, own, urls[0]?.href]);
    expect(versions).toEqual([
      ["1.2.3", `sha256:${digest}`, "https://objects.example/app-1.2.3.tgz"],
      ["1.2.2", `sha256:${digest}`, `${repository}/app-1.2.2.tgz`],
    ]);
    expect(index?.versionsOf("nothing")).toEqual([]);
  });
  test("has them by their archives", () => {
    const at = (url: string) => index?.at(new URL(url)).map(({ name, version }) => `${name} ${version}`);
    expect(at(`${repository}/app-1.2.2.tgz`)).toEqual(["app 1.2.2"]);
    expect(at("https://objects.example/app-1.2.3.tgz")).toEqual(["app 1.2.3"]);
    expect(at("https://other.example/app-1.2.3.tgz")).toEqual([]);
    expect(at(`${repository}/`)).toEqual([]);
  });
  test("has the hosts of archives, and no others", () => {
    expect(index?.archiveOrigins()).toEqual(["https://objects.example"]);
  });
});

test.each(["<html></html>", "a: [", "", "[]", "entries: 3"])("%j is no index", (text) => {
  expect(readIndex(text, repository)).toBeUndefined();
});

test("what is written is read again, with all that it said besides", () => {
  const facts = { appVersion: "v1", dependencies: [{ name: "x", version: "1", repository: "" }] };
  const url = `${repository}/app-1.0.0%2Bb.tgz`;
  const entry = { repository, name: "app", version: "1.0.0+b", digest: digestOf(Buffer.of()), url, facts };
  const index = readIndex(writeIndex([entry]), repository);
  expect(index?.at(new URL(`${repository}/app-1.0.0+b.tgz`))).toEqual([
    { name: "app", version: "1.0.0+b", digest: entry.digest, urls: [new URL(url)], facts },
  ]);
});

test("one of tens of megabytes is read in a moment", () => {
  const item = (version: number) =>
    `  - description: ${"words ".repeat(100)}\n    name: app\n    urls:\n    - app-${version}.0.0.tgz\n    version: ${version}.0.0\n`;
  const versions = Array.from({ length: 30_000 }, (_, version) => item(version)).join("");
  const text = `apiVersion: v1\nentries:\n  app:\n${versions}`;
  const begun = performance.now();
  expect(readIndex(text, repository)?.at(new URL(`${repository}/app-29999.0.0.tgz`))).toHaveLength(1);
  expect(performance.now() - begun).toBeLessThan(3_000);
});
