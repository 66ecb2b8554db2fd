#!/usr/bin/env node
// Any Node from 20 on may start this; the rest needs 24, which the npm package `node` brings.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const bundle = new URL("../dist/cli.js", import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= 24) {
  await import(bundle.href);
} else {
  const node = createRequire(import.meta.url).resolve("node/bin/node");
  const child = spawn(node, [fileURLToPath(bundle), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
