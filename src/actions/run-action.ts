import * as core from "@actions/core";
import { loadPayload, readContext } from "../github/context.ts";
import { firstOf } from "../rehearsal/error-verdict.ts";
import { paletteFor } from "../report/palette.ts";
import { type Console, plainConsole } from "../report/plain-console.ts";
import { forTerminal, oneLine } from "../report/sanitise.ts";
import { InfrastructureError, isExpected, messageOf, type Place } from "../runner/errors.ts";
import { type Annotator, annotator } from "./annotator.ts";
import { type ActionDefinition, loadInputs, secretsOf } from "./definition.ts";
import type { ActionEdge, PostEdge } from "./edge.ts";
import { withhold } from "./environment.ts";
import { appendSummary } from "./step-summary.ts";

/**
 * Runs an action: its inputs and context read, its errors told in one line with the fix and the place, its
 * end as the step's. Nothing but an action that returned, did not fail and was not cancelled exits with 0.
 */
export async function runAction<const D extends ActionDefinition>(
  definition: D,
  action: (edge: ActionEdge<D>) => Promise<void>,
): Promise<void> {
  const environment = { ...process.env };
  for (const secret of secretsOf(definition, environment)) core.setSecret(secret);
  withhold(definition);
  await run(environment, async (edge, { annotate }) =>
    action({
      ...edge,
      inputs: loadInputs(definition, environment),
      context: readContext(environment, await loadPayload(environment)),
      setOutput: core.setOutput,
      saveState: core.saveState,
      annotate,
      print: (line) => core.info(forTerminal(line)),
      group(title, lines) {
        core.startGroup(oneLine(title));
        for (const line of lines) core.info(forTerminal(line));
        core.endGroup();
      },
      writeSummary: (markdown) => appendSummary(markdown, edge.log),
    }),
  );
}

/** Runs an action's `post` step, which goes by what the action saved and reads no inputs. */
export async function runPost(release: (edge: PostEdge) => Promise<void>): Promise<void> {
  const environment = { ...process.env };
  withhold();
  await run(environment, release);
}

/** Something that ends on its own is waited for this long. */
const lingerMs = 2_000;

async function run(
  environment: NodeJS.ProcessEnv,
  work: (edge: PostEdge, annotations: Annotator) => Promise<void>,
): Promise<void> {
  process.exitCode = 1; // until the end is reached
  const annotations = annotator();
  const log = actionLog(annotations);
  const signal = cancellation();
  let exitCode = 0;
  const fail = (message: string, code = 1, where?: Place) => {
    exitCode = code || 1;
    core.error(message, where && propertiesOf(where));
  };
  try {
    const state = (name: string) => core.getState(name) || undefined;
    const tell = (message: string, code?: number) => fail(oneLine(message), code);
    await work({ environment, log, signal, state, fail: tell }, annotations);
    if (signal.aborted && exitCode === 0) fail(describe(signal.reason));
  } catch (error) {
    const first = signal.aborted ? signal.reason : firstOf(error);
    fail(describe(first), 1, isExpected(first) ? first.where : undefined);
  } finally {
    log.close();
  }
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), lingerMs).unref(); // a job must not hang on a handle that is still open
}

function propertiesOf({ file, line }: Place): core.AnnotationProperties {
  return { file: oneLine(file), ...(line === undefined ? {} : { startLine: line }) };
}

/** What is foreseen is one line: what, and how to mend it. A defect of ours keeps its stack. */
function describe(error: unknown): string {
  if (isExpected(error)) {
    return oneLine([error.message.replace(/\.?$/, "."), error.fix].filter(Boolean).join(" "));
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return forTerminal(`Rehearsal itself failed: ${stack}`);
}

function actionLog({ warn }: Annotator): Console {
  return {
    ...plainConsole({ stream: process.stdout, palette: paletteFor(false), verbose: false }),
    warn,
    debug: (line) => core.isDebug() && core.debug(oneLine(line)),
  };
}

/**
 * Aborts on the signals by which a runner cancels: SIGINT, after 7.5 s SIGTERM, and 2.5 s later it kills.
 * Neither ends the process, which has to release what it holds.
 */
function cancellation(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => controller.abort(new InfrastructureError("the run was cancelled")));
  }
  return controller.signal;
}
