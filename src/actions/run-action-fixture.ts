import { UsageError } from "../runner/errors.ts";
import { choice, defineAction, required, secret } from "./definition.ts";
import { runAction } from "./run-action.ts";

/** An action that ends in each of the ways in which one can; started by run-action.test.ts as a process. */
const definition = defineAction({
  inputs: {
    end: required(choice(["well", "usage", "defect", "fail", "cancelled", "handle", "never", "annotations"])),
    token: secret(),
  },
  outputs: ["result"],
});

await runAction(definition, async (edge) => {
  const { end, token } = edge.inputs;
  edge.setOutput("result", `${end}\nresult2=injected`);
  edge.print(`::error::from a subprocess`);
  edge.log.info(`the token is ${token === process.env.INPUT_TOKEN ? "inherited" : "withheld"}`);
  if (end === "usage")
    throw new UsageError("it is wrong", { where: { file: "a.yaml", line: 3 }, fix: "Mend it." });
  if (end === "defect") throw new TypeError("boom\n::warning::owned");
  if (end === "fail") edge.fail("it is red\n::warning::owned", 2);
  if (end === "cancelled") {
    const waiting = setInterval(() => {}, 1000); // as a socket or a process would be
    process.kill(process.pid, "SIGINT");
    await new Promise((resolve) => edge.signal.addEventListener("abort", resolve));
    clearInterval(waiting);
  }
  if (end === "handle") setInterval(() => {}, 1000);
  if (end === "never") await new Promise(() => {});
  if (end === "annotations") {
    const all = Array.from({ length: 12 }, (_, index) => ({
      ...{ file: "a.yaml", line: index + 1, title: "one, two: three" },
      ...{ level: "failure" as const, message: `finding ${index + 1}` },
    }));
    edge.annotate(all);
    edge.fail("twelve findings");
  }
});
