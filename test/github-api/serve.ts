import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startGitHubApi } from "./server.ts";

/*
 * The double as a process of its own:
 *
 *     node test/github-api/serve.ts STATE.json [--port N] [--requests FILE]
 *
 * STATE.json is a GivenState (state.ts). The URL of the server is the first line on standard output; the API's
 * roots are that and `URL/api/v3`. Each request becomes a line of JSON (RequestRecord, server.ts) in FILE, by
 * default `STATE.json.requests`. `GET URL/_state` gives the comments, checks, pull requests and branches as they
 * are. Ends on SIGTERM or SIGINT, with 1 where a request was invalid.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "0" }, requests: { type: "string" } },
});
const [file] = positionals;
if (file === undefined) throw new Error("Give the JSON file with the state.");
const requests = values.requests ?? `${file}.requests`;
writeFileSync(requests, "");

const api = await startGitHubApi(JSON.parse(readFileSync(file, "utf8")), {
  port: Number(values.port),
  onRequest: (record) => appendFileSync(requests, `${JSON.stringify(record)}\n`),
});
process.stdout.write(`${api.url}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, async () => {
    try {
      await api[Symbol.asyncDispose]();
    } catch (error) {
      process.stderr.write(`${error}\n`);
      process.exitCode = 1;
    }
  });
}
