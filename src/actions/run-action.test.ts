import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../repository/git-fixture.ts";
import { tryRun } from "../runner/process.ts";

const fixture = join(import.meta.dirname, "run-action-fixture.ts");

async function runFixture(inputs: Record<string, string>) {
  await using folder = await temporaryFolder();
  const output = join(folder.path, "output");
  const event = join(folder.path, "event.json");
  await writeFile(output, "");
  await writeFile(event, "{}");
  const env = {
    GITHUB_REPOSITORY: "you/homelab",
    GITHUB_RUN_ID: "1",
    GITHUB_EVENT_NAME: "push",
    GITHUB_EVENT_PATH: event,
    GITHUB_OUTPUT: output,
    ...Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
    ),
  };
  const { exitCode, stdout, stderr } = await tryRun(process.execPath, [fixture], { env });
  const commands = stdout.split("\n").filter((line) => line.startsWith("::"));
  return { exitCode, stdout, stderr, commands, outputs: await readFile(output, "utf8") };
}

describe.concurrent("runAction", () => {
  test("ends with 0 only where the action returned; outputs and lines carry nothing else in", async () => {
    const { exitCode, commands, outputs, stdout } = await runFixture({ end: "well" });
    expect(exitCode).toBe(0);
    expect(commands).toEqual([]);
    expect(stdout).toContain("from a subprocess");
    expect(outputs).toMatch(/^result<<(ghadelimiter_\S+)\nwell\nresult2=injected\n\1\n$/);
  });

  test("masks a secret before anything else, and keeps it from subprocesses", async () => {
    const { commands, stdout } = await runFixture({ end: "well", token: "t0p" });
    expect(stdout.startsWith("::add-mask::t0p\n")).toBe(true);
    expect(commands).toHaveLength(1);
    expect(stdout).toContain("the token is withheld");
  });

  test("tells an expected error in one line, on its file, with the fix", async () => {
    const { exitCode, commands } = await runFixture({ end: "usage" });
    expect(exitCode).toBe(1);
    expect(commands).toEqual(["::error file=a.yaml,line=3::it is wrong. Mend it."]);
  });

  test("keeps the stack of a defect, in which no command is obeyed", async () => {
    const { exitCode, commands } = await runFixture({ end: "defect" });
    expect(exitCode).toBe(1);
    expect(commands).toHaveLength(1);
    expect(commands[0]).toMatch(
      /^::error::Rehearsal itself failed: TypeError: boom%0A.*run-action-fixture\.ts/,
    );
  });

  test("fails with the code and the line that the action gives", async () => {
    const { exitCode, commands } = await runFixture({ end: "fail" });
    expect(exitCode).toBe(2);
    expect(commands).toEqual(["::error::it is red : :warning::owned"]);
  });

  test("is red where it was cancelled, also if the action then returns", async () => {
    const { exitCode, commands } = await runFixture({ end: "cancelled" });
    expect(exitCode).toBe(1);
    expect(commands).toEqual(["::error::the run was cancelled."]);
  });

  test("ends although something was left open", async () => {
    expect((await runFixture({ end: "handle" })).exitCode).toBe(0);
  });

  test("is red where the action never ends and nothing is left to wait for", async () => {
    expect((await runFixture({ end: "never" })).exitCode).toBeGreaterThan(0);
  });

  test("shows as many annotations as GitHub does, the reason included, and counts the others", async () => {
    const { commands, stdout } = await runFixture({ end: "annotations" });
    expect(commands).toHaveLength(10);
    expect(commands[0]).toBe("::error title=one%2C two%3A three,file=a.yaml,line=1::finding 1");
    expect(commands.at(-1)).toBe("::error::twelve findings");
    expect(stdout).toContain("3 more findings");
    expect(stdout).toContain("a.yaml:12 one, two: three: finding 12");
  });

  test("refuses an input in one line", async () => {
    const { exitCode, stdout } = await runFixture({ end: "sometime" });
    expect(exitCode).toBe(1);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(stdout).toContain("::error::the input end is not one of well, usage");
  });
});
