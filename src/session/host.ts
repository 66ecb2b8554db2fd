import { messageOf } from "../runner/errors.ts";
import { serveSession } from "./serve.ts";
import { stateAt } from "./state-folder.ts";

const [path = ""] = process.argv.slice(2);
try {
  await serveSession(stateAt(path));
  process.exit(0); // whatever handle may still be open
} catch (error) {
  // The reason last: a client shows the end of the log.
  const stack = error instanceof Error ? `${error.stack}\n` : "";
  process.stderr.write(`${stack}${messageOf(error)}\n`);
  process.exit(1);
}
