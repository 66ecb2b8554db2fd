import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../src/runner/package-root.ts";

/** What runs when a bundle is started: its text and that of every chunk it imports. */
async function loadedBy(file: string, seen = new Map<string, string>()): Promise<Map<string, string>> {
  if (seen.has(file)) return seen;
  const text = await readFile(file, "utf8");
  seen.set(file, text);
  for (const [, chunk = ""] of text.matchAll(/^(?:import|export) .*?"(\.[^"]+\.js)";$/gm)) {
    await loadedBy(join(dirname(file), chunk), seen);
  }
  return seen;
}

const dist = join(packageRoot(), "dist");
const carriesKubernetes = async (name: string) =>
  [...(await loadedBy(join(dist, `${name}.js`))).values()].some((text) =>
    text.includes("\n// node_modules/@kubernetes/client-node/"),
  );

describe("the bundles", () => {
  test("of actions that speak to a cluster carry the Kubernetes client", async () => {
    expect(await carriesKubernetes("rehearse")).toBe(true);
  });

  test.for(["gate-merge", "report-verdict"])("of %s do not", async (name) => {
    expect(existsSync(join(dist, `${name}.js`))).toBe(true);
    expect(await carriesKubernetes(name)).toBe(false);
  });
});
