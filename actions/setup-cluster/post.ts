import { runPost } from "../../src/actions/run-action.ts";
import { endSession } from "../../src/actions/session-steps.ts";

await runPost(endSession);
