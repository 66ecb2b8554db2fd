import { expect, test } from "vitest";
import { defaultEngine } from "./default-engine.ts";
import { engines } from "./engines.ts";

test("GitHub Actions rehearses with containers, everything else without", () => {
  expect(defaultEngine({ GITHUB_ACTIONS: "true" })).toBe("k3d");
  expect(defaultEngine({ CI: "true" })).toBe("simulated");
  expect(defaultEngine({})).toBe("simulated");
});

test("an engine is found by the name that it has", () => {
  for (const [name, engine] of Object.entries(engines)) expect(engine.name).toBe(name);
});
