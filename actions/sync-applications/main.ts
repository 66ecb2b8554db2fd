import { runAction } from "../../src/actions/run-action.ts";
import { syncInSession } from "../../src/actions/session-steps.ts";
import { definition } from "./definition.ts";

await runAction(definition, syncInSession);
