import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import artifact from "@actions/artifact";
import { relayTo } from "./relay.ts";

const known = ["name", "path", "if-no-files-found", "retention-days", "overwrite"];
const input = (name: string) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";
for (const key of Object.keys(process.env)) {
  if (key.startsWith("INPUT_") && !known.includes(key.slice("INPUT_".length).toLowerCase()))
    throw new Error(`the stand-in for actions/upload-artifact does not know the input ${key}`);
}

const path = input("path");
if (path === "") throw new Error("Input required and not supplied: path");
const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const files = folder
  ? readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  : [path].filter((file) => statSync(file, { throwIfNoEntry: false }));
if (files.length > 0) {
  const relay = await relayTo(process.env.ACTIONS_RESULTS_URL ?? "");
  process.env.ACTIONS_RESULTS_URL = relay.url;
  if (input("overwrite") === "true") await artifact.deleteArtifact(input("name")).catch(() => undefined);
  const { id } = await artifact.uploadArtifact(input("name"), files, folder ? path : dirname(path));
  relay.server.close();
  relay.server.closeAllConnections();
  process.stdout.write(`uploaded ${files.length} files as ${input("name")} (${id})\n`);
} else if (input("if-no-files-found") === "error") throw new Error(`no files at ${path}`);
else process.stdout.write(`::warning::No files were found with the provided path: ${path}\n`);
