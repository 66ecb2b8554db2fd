import { runAction } from "../../src/actions/run-action.ts";
import { bootstrapInSession } from "../../src/actions/session-steps.ts";
import { definition } from "./definition.ts";

await runAction(definition, bootstrapInSession);
