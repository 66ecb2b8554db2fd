import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { configJsonSchema } from "../src/repository/config-schema.ts";

/** Writes `schema/rehearsal.schema.json`; with `--check`, fails where it is out of date. */
const file = join(import.meta.dirname, "../schema/rehearsal.schema.json");
const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const wanted = configJsonSchema();

if (values.check) {
  const present = await readFile(file, "utf8").catch(() => "");
  if (present !== wanted) {
    process.stderr.write("schema/rehearsal.schema.json is out of date: run node ci/schema.ts\n");
    process.exitCode = 1;
  }
} else {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, wanted);
}
