import { rehearsePullRequest } from "../../src/actions/rehearse-pull-request.ts";
import { runAction } from "../../src/actions/run-action.ts";
import { definition } from "./definition.ts";

await runAction(definition, rehearsePullRequest);
