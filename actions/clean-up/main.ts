import { runAction } from "../../src/actions/run-action.ts";
import { cleanUpSession } from "../../src/actions/session-steps.ts";
import { definition } from "./definition.ts";

await runAction(definition, cleanUpSession);
