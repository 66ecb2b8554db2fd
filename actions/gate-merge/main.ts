import { runAction } from "../../src/actions/run-action.ts";
import { gateMerge, gateSummary, reasonOf } from "../../src/gate/gate-merge.ts";
import { connectGitHub } from "../../src/github/client.ts";
import { definition } from "./definition.ts";

await runAction(definition, async ({ inputs, context, log, signal, ...edge }) => {
  const { needs, instance, token } = inputs;
  const client = connectGitHub({ apiUrl: context.apiUrl, token, log, signal });
  const decision = await gateMerge({ client, context, needs, instance });
  const reason = reasonOf(decision);
  edge.setOutput("open", String(decision.open));
  edge.setOutput("reason", reason);
  await edge.writeSummary(gateSummary(decision));
  if (decision.open) edge.print(`The gate is open. ${reason}`);
  else edge.fail(`The gate is shut. ${reason}`);
});
