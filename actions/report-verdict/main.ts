import { reportVerdict } from "../../src/actions/report-verdict.ts";
import { runAction } from "../../src/actions/run-action.ts";
import { definition } from "./definition.ts";

await runAction(definition, reportVerdict);
