import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startApi } from "../kubernetes/api-fixture.ts";
import type { KubeObject } from "../kubernetes/client.ts";
import { committed } from "../repository/tree-fixture.ts";
import { ChangeError } from "../runner/errors.ts";
import type { Log } from "../runner/log.ts";
import { createRedaction, redactedLog } from "./redaction.ts";
import { application, failed, verdict } from "./verdict-fixture.ts";

const value = "correct-horse-battery";
const base64 = (text: string) => Buffer.from(text).toString("base64");

async function knowing(text: string) {
  const redaction = createRedaction();
  await using repository = await committed({ "secret.yaml": text });
  await redaction.learnFrom(repository.tree);
  return redaction;
}
const declared = (stringData: Record<string, unknown>) =>
  JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData });

describe("a verdict", () => {
  it("has no value of a Secret in any of its sentences, and its names still", async () => {
    const { verdict: redact } = await knowing(declared({ value }));
    const reason = { code: "sync", class: "change", message: `no ${value}` } as const;
    const shown = redact({
      ...verdict([failed("web", { ...reason, place: { file: `apps/${value}.yaml` } })]),
      summary: `because of ${base64(value)}`,
      notes: [`a note of ${encodeURIComponent(value)}`],
      error: { message: value, where: { file: value }, fix: `take ${value} away` },
    });
    expect(shown.applications[0]).toMatchObject({
      name: "web",
      reason: { message: "no [redacted]", place: { file: `apps/${value}.yaml` } },
    });
    expect(shown.summary).toBe("because of [redacted]");
    expect(shown.notes).toEqual(["a note of [redacted]"]);
    expect(shown.error).toEqual({
      message: "[redacted]",
      where: { file: value },
      fix: "take [redacted] away",
    });
  });

  it("has none in the URLs of its sources", () => {
    const source = { what: "x", targetRevision: "main", kind: "elsewhere", revision: undefined } as const;
    const repoURL = "https://me:hunter2@git.example.com/r.git";
    const shown = createRedaction().verdict(
      verdict([application("web", { sources: [{ ...source, repoURL }] })]),
    );
    expect(shown.applications[0]?.sources[0]?.repoURL).toBe("https://[redacted]@git.example.com/r.git");
  });

  it("is shortened only after that", async () => {
    const { verdict: redact } = await knowing(declared({ value }));
    const { summary } = redact({ ...verdict([]), summary: `${"x".repeat(1990)}${value} and on` });
    expect(summary).toBe(`${"x".repeat(1990)}[redacted] …`);
  });

  it("is the same without secrets", () => {
    const whole = verdict([application("web"), failed("db", {})]);
    expect(createRedaction().verdict(whole)).toEqual(whole);
  });

  it.each([
    ["a value that is no base64", { data: { a: "hunter2!hunter2" } }, "illegal: hunter2!hunter2"],
    ["a number, as it stands there", { stringData: { a: 123456789 } }, "expected string, got 123456789"],
    ["a number, as Go shows it", { stringData: { a: 123456789 } }, "got 1.23456789e+08"],
    ["an object", { stringData: { a: { b: "hunter2-hunter2" } } }, 'got {"b":"hunter2-hunter2"}'],
    [
      "a window around an error",
      {},
      'Secret: invalid, error found in #10 byte of ...|whatever-it-is|..., bigger context ...|"a":"whatever-it-is"|...',
    ],
    [
      "an untyped value",
      {},
      ".stringData.a: Secret: expected string, got &value.valueUnstructured{Value:whatever-it-is}",
    ],
    ["the value of a field", {}, 'Secret "s" is invalid: data[a]: Invalid value: "whatever-it-is": no'],
  ])("of an invalid Secret hides %s", async (_, secret, message) => {
    const { redact } = await knowing(JSON.stringify({ kind: "Secret", ...secret }));
    expect(redact(message)).toContain("[redacted]");
    expect(redact(message)).not.toMatch(/hunter2|whatever|23456789/);
  });

  it("of any text in any field of its sentences shows no secret", async () => {
    const secret = fc.stringMatching(/^[\w+/=-]{6,40}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(secret, fc.string()), { minLength: 20 }), async (all) => {
        const { verdict: redact } = await knowing(
          declared(Object.fromEntries(all.map(([secret], index) => [`key-${index}`, secret]))),
        );
        for (const [secret, around] of all) {
          const message = `${around} ${secret} ${base64(secret)} ${around}`;
          const reason = { code: "sync", class: "change", message } as const;
          const shown = redact(verdict([failed("web", reason)], { summary: message, notes: [message] }));
          const told = [shown.summary, ...shown.notes, shown.applications[0]?.reason?.message];
          for (const text of told) expect(text).not.toContain(secret);
        }
      }),
      { numRuns: 10 },
    );
  });
});

describe("what is known", () => {
  it("are Secrets of the cluster, also those that are gone", async () => {
    await using api = await startApi({ secrets: "v1 Secret" });
    const secret = (name: string, text: string): KubeObject => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace: "web" },
      data: { a: base64(text) },
    });
    api.put(secret("first", "there-at-the-start"));
    const redaction = createRedaction();
    {
      await using _ = redaction.follow(api.client);
      await expect.poll(() => redaction.redact("there-at-the-start")).toBe("[redacted]");
      await expect.poll(() => api.watchers()).toBe(1);
      api.remove(api.put(secret("second", "there-for-a-moment")));
      await expect.poll(() => redaction.redact("there-for-a-moment")).toBe("[redacted]");
      api.dropWatches();
      api.put(secret("third", "there-at-the-end"));
    }
    expect(redaction.redact("there-at-the-end")).toBe("[redacted]");
  });

  it("is not what Argo CD's Secrets name, nor a namespace", async () => {
    const { redact } = await knowing(
      [
        JSON.stringify({
          kind: "Secret",
          metadata: { labels: { "argocd.argoproj.io/secret-type": "repository" } },
          stringData: { url: "https://git.example.com/r", type: "git", password: value },
        }),
        JSON.stringify({
          kind: "Secret",
          type: "kubernetes.io/service-account-token",
          data: { namespace: base64("monitoring"), token: base64(value) },
        }),
      ].join("\n---\n"),
    );
    const said = "monitoring cannot read https://git.example.com/r";
    expect(redact(`${said} with ${value}`)).toBe(`${said} with [redacted]`);
  });
});

it("a log is told nothing of it", async () => {
  const { redact } = await knowing(declared({ value }));
  const told: unknown[] = [];
  const tell = (line?: string) => void told.push(line);
  const log: Log = {
    step: (title) => {
      tell(title);
      return { update: tell, done: tell, failed: tell };
    },
    info: tell,
    warn: tell,
    debug: tell,
  };
  const redacted = redactedLog(log, redact);
  for (const say of [redacted.info, redacted.warn, redacted.debug]) say(`a ${value}`);
  const step = redacted.step(`b ${value}`);
  for (const say of [step.update, step.done, step.failed]) say(`c ${value}`);
  step.done();
  expect(told).toEqual([
    ...Array(3).fill("a [redacted]"),
    "b [redacted]",
    ...Array(3).fill("c [redacted]"),
    undefined,
  ]);
});

it("an error stays what it is, without any in its message and its fix", async () => {
  const { error: redact } = await knowing(declared({ value }));
  const where = { file: "a.yaml", line: 3 };
  const shown = redact(new ChangeError(`no ${value}`, { where, fix: `take ${value} away` }));
  expect(shown).toBeInstanceOf(ChangeError);
  expect(shown).toMatchObject({ message: "no [redacted]", where, fix: "take [redacted] away" });
  const reason = AbortSignal.abort().reason;
  expect(redact(reason)).toBe(reason);
});

it("copied logs have none of it, and all else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redaction-"));
  try {
    const redaction = await knowing(declared({ value }));
    await mkdir(join(folder, "from/deeper"), { recursive: true });
    // More than is redacted at once.
    const line = `${"x".repeat(1000)} ${value} ä\n`;
    await writeFile(join(folder, "from/long.log"), line.repeat(9_000));
    await writeFile(join(folder, "from/deeper/short.log"), `a ${base64(value)}`);
    await redaction.copy(join(folder, "from"), join(folder, "to"));
    expect(await readFile(join(folder, "to/deeper/short.log"), "utf8")).toBe("a [redacted]");
    const copied = await readFile(join(folder, "to/long.log"), "utf8");
    expect(copied === line.replace(value, "[redacted]").repeat(9_000)).toBe(true);
  } finally {
    await rm(folder, { recursive: true });
  }
});
