import type { Cluster } from "../engine/engine.ts";
import { openTree } from "../repository/tree.ts";
import { asStep } from "../runner/log.ts";
import type { OwnedProcesses } from "../runner/owned-processes.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import { type EngineChoice, engineChoice } from "./engine-choice.ts";
import { makeWorld, type Prepared, prepare } from "./prepare.ts";
import type { RehearsalRequest } from "./request.ts";

/**
 * Starts the cluster and meanwhile works out what to rehearse on it. Throws the first failure of the
 * two, once the other has ended and nothing of it is left.
 */
export async function startAndPrepare(
  request: RehearsalRequest,
  { processes, toolchain, signal }: { processes: OwnedProcesses; toolchain: Toolchain; signal: AbortSignal },
): Promise<{ cluster: Cluster; prepared: Prepared }> {
  const { checkout, config, configVouched: vouched, log } = request;
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const cancelling = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => {
      failed.abort(error);
      throw error;
    });
  const where = { folder: processes.folder, toolchain, signal: either };
  const making = makeWorld(request, where);
  let choice: Promise<EngineChoice> | undefined;
  // Asked for only where it is needed: an engine that the user names, and that has no settings, need not wait.
  const choose = () => {
    choice ??= making.then(({ gitDir, base }) =>
      engineChoice({ checkout, config, vouched, base: () => openTree(gitDir, base) }),
    );
    return choice;
  };
  const start = async () => {
    const engine = request.engine ?? request.engineFor((await choose()).engine);
    const settings = async () => (await choose()).settings;
    return asStep(log, `Starting a cluster (${engine.name})`, () =>
      engine.start({ toolchain, processes, log, signal: either, settings }),
    );
  };
  const [cluster, prepared] = await Promise.allSettled([
    cancelling(start()),
    cancelling(making.then((world) => prepare(request, world, where))),
  ]);
  if (cluster.status === "fulfilled" && prepared.status === "fulfilled") {
    const notes = [...((await choice)?.notes ?? []), ...prepared.value.notes];
    return { cluster: cluster.value, prepared: { ...prepared.value, notes } };
  }
  if (cluster.status === "fulfilled") await cluster.value[Symbol.asyncDispose]();
  throw failed.signal.reason;
}
