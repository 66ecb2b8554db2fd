import { globSync } from "node:fs";
import { dirname } from "node:path";
import { defineConfig } from "rolldown";

/** `actions/clean-up/main.ts` becomes `dist/clean-up.js`, its `post.ts` `dist/clean-up-post.js`. */
const actions = globSync("actions/*/{main,post}.ts", { cwd: import.meta.dirname })
  .toSorted()
  .map((file) => [
    `${dirname(file).replace("actions/", "")}${file.endsWith("post.ts") ? "-post" : ""}`,
    file,
  ]);

/** A chunk goes by the largest thing in it, not by whichever module happens to come first. */
const landmarks = {
  "@kubernetes/client-node": "kubernetes",
  "@octokit/rest": "octokit",
  "@actions/core": "actions",
  zod: "zod",
} as const;

function chunkName(moduleIds: readonly string[]): string {
  const found = Object.entries(landmarks).find(([name]) =>
    moduleIds.some((id) => id.includes(`/node_modules/${name}/`)),
  );
  return found ? `chunks/${found[1]}.js` : "chunks/[name].js";
}

export default defineConfig({
  input: { cli: "src/cli/main.ts", "session-host": "src/session/host.ts", ...Object.fromEntries(actions) },
  platform: "node",
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: ({ moduleIds }) => chunkName(moduleIds),
    minify: false,
  },
});
