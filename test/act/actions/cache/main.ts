import { appendFileSync } from "node:fs";

const input = (name: string) => process.env[`INPUT_${name.toUpperCase()}`] ?? "";
if (input("path") === "" || input("key") === "")
  throw new Error("Input required and not supplied: path or key");
const { GITHUB_OUTPUT: output, GITHUB_STATE: state, STATE_main: again } = process.env;
if (again === undefined) {
  appendFileSync(output ?? "", "cache-hit=false\n");
  appendFileSync(state ?? "", "main=done\n");
  process.stdout.write(`nothing is cached under ${input("key")}\n`);
} else process.stdout.write(`nothing is kept under ${input("key")}\n`);
