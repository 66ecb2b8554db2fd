import { runAction } from "../../src/actions/run-action.ts";
import { setUpCluster } from "../../src/actions/set-up-cluster.ts";
import { definition } from "./definition.ts";

await runAction(definition, setUpCluster);
