import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { quickstart, rehearse } from "./quickstart.ts";

/** Secrets that no API server takes, and that are quoted by who refuses them. */
const invalid: readonly { name: string; field: string; option?: string; value: string; message: RegExp }[] = [
  {
    name: "data that is no base64",
    field: 'data: { POSTGRES_PASSWORD: "correct!horse!battery" }',
    value: "correct!horse!battery",
    message: /illegal base64 data/,
  },
  {
    name: "a number that is quoted by who expects a text",
    field: "stringData: { POSTGRES_PASSWORD: 86753091234 }",
    option: "ServerSideApply=true",
    value: "86753091234",
    message: /\.stringData\.POSTGRES_PASSWORD: expected string, got .*\[redacted\]/,
  },
  {
    name: "a manifest that does not parse",
    field: 'stringData:\n  POSTGRES_PASSWORD: "correct!horse!battery',
    value: "correct!horse!battery",
    message: /yaml/i,
  },
];

describe.concurrent("a Secret that is refused", () => {
  test.for(invalid)("$name: red, and its value nowhere", async ({ field, option, value, message }) => {
    await using repository = await quickstart();
    await repository.change({
      "applications/feeds-database/secret.yaml": (text) =>
        text
          .replace(/^stringData:[\s\S]*/m, `${field}\n`)
          .replace('sync-wave: "-1"', option ? `sync-options: ${option}` : 'sync-wave: "-1"'),
    });
    const logs = await mkdtemp(join(tmpdir(), "redaction-"));
    try {
      const run = await rehearse(repository.folder, "--base", "main", "--verbose", "--logs", logs);
      const { verdict, exitCode, stderr } = run;
      const found = verdict.applications.find(({ name }) => name === "feeds-database");
      if (process.env.SHOW) process.stderr.write(`${JSON.stringify(found?.reason)}\n`);
      expect({ exitCode, state: found?.state }, verdict.summary).toEqual({ exitCode: 1, state: "failed" });
      expect(found?.reason?.message).toMatch(message);
      const files = await readdir(logs, { recursive: true, withFileTypes: true });
      const texts = await Promise.all(
        files
          .filter((file) => file.isFile())
          .map(
            async ({ parentPath, name }) => [name, await readFile(join(parentPath, name), "utf8")] as const,
          ),
      );
      expect(texts.length).toBeGreaterThan(3);
      const told = [["verdict", JSON.stringify(verdict)], ["stderr", stderr], ...texts] as const;
      const spelled = [value, Buffer.from(value).toString("base64"), JSON.stringify(value)];
      for (const [where, text] of told)
        for (const spelling of spelled)
          expect(text.includes(spelling), `${spelling} in ${where}`).toBe(false);
    } finally {
      await rm(logs, { recursive: true, force: true });
    }
  });
});
