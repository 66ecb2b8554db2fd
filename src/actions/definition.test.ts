import { describe, expect, test } from "vitest";
import { z } from "zod";
import { UsageError } from "../runner/errors.ts";
import {
  choice,
  defineAction,
  duration,
  flag,
  json,
  lines,
  loadInputs,
  name,
  required,
  secret,
  secretsOf,
  text,
} from "./definition.ts";

const definition = defineAction({
  inputs: {
    path: text("."),
    base: text(),
    engine: choice(["simulated", "k3d"]),
    timeout: duration("10m"),
    logs: flag(true),
    roots: lines(),
    instance: name("default"),
    "upload-token": secret(),
    needs: json(z.record(z.string(), z.object({ result: z.string() }))),
  },
  outputs: ["result"],
});

function load(given: Record<string, string>) {
  return loadInputs(definition, given);
}

function problem(given: Record<string, string>): UsageError {
  try {
    load(given);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error("it was accepted");
}

describe("loadInputs", () => {
  test("takes the defaults where nothing is given, or an expression left nothing", () => {
    const defaults = {
      path: ".",
      base: undefined,
      engine: undefined,
      timeout: 600_000,
      logs: true,
      roots: [],
      instance: "default",
      "upload-token": undefined,
      needs: undefined,
    };
    expect(load({})).toEqual(defaults);
    expect(load({ INPUT_PATH: " ", INPUT_LOGS: "", INPUT_TIMEOUT: "\n" })).toEqual(defaults);
  });

  test("reads every kind", () => {
    expect(
      load({
        INPUT_PATH: " clusters/home ",
        INPUT_ENGINE: "k3d",
        INPUT_TIMEOUT: "1h30m",
        INPUT_LOGS: "False",
        INPUT_ROOTS: "a.yaml\n\n  b  \n",
        "INPUT_UPLOAD-TOKEN": "t0p",
        INPUT_NEEDS: '{"rehearse":{"result":"success"}}',
      }),
    ).toMatchObject({
      path: "clusters/home",
      engine: "k3d",
      timeout: 5_400_000,
      logs: false,
      roots: ["a.yaml", "b"],
      "upload-token": "t0p",
      needs: { rehearse: { result: "success" } },
    });
  });

  test.for([
    [{ INPUT_ENGINE: "kind" }, 'the input engine is not one of simulated, k3d: "kind"'],
    [{ INPUT_LOGS: "yes" }, 'the input logs is not true or false: "yes"'],
    [{ INPUT_TIMEOUT: "10" }, 'the input timeout is not a duration like 90s, 10m or 1h30m: "10"'],
    [{ INPUT_INSTANCE: "<b>" }, "the input instance is not a name of letters"],
    [{ INPUT_NEEDS: '{"a":{}}' }, "(a.result: "],
    [{ INPUT_NEEDS: "{" }, 'the input needs is not JSON: "{"'],
  ] as const)("refuses %j", ([given, message]) => {
    expect(problem(given).message).toContain(message);
  });

  test("shows only the start of what is long", () => {
    expect(problem({ INPUT_ENGINE: "x".repeat(500) }).message.length).toBeLessThan(200);
  });

  test("asks for what is required", () => {
    const gate = defineAction({ inputs: { needs: required(text()) }, outputs: [] });
    expect(() => loadInputs(gate, {})).toThrow("the input needs is empty");
    expect(loadInputs(gate, { INPUT_NEEDS: "{}" })).toEqual({ needs: "{}" });
  });

  test("leaves an expression to the runner, and refuses what it left empty", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as in action.yml
    const report = defineAction({ inputs: { token: secret("${{ github.token }}") }, outputs: [] });
    expect(() => loadInputs(report, {})).toThrow("the input token is empty");
    expect(loadInputs(report, { INPUT_TOKEN: "abc" })).toEqual({ token: "abc" });
  });
});

test("secretsOf gives the texts to be masked", () => {
  expect(secretsOf(definition, { "INPUT_UPLOAD-TOKEN": " t0p ", INPUT_PATH: "." })).toEqual(["t0p"]);
  expect(secretsOf(definition, {})).toEqual([]);
});
