import type { Cluster } from "../engine/engine.ts";
import { asStep } from "../runner/log.ts";
import type { OwnedProcesses } from "../runner/owned-processes.ts";
import type { Toolchain } from "../toolchain/toolchain.ts";
import type { ExaminedChange } from "./examine-change.ts";
import { type Prepared, prepare } from "./prepare.ts";

/**
 * Starts the cluster and meanwhile works out what to rehearse on it. Throws the first failure of the
 * two, once the other has ended and nothing of it is left.
 */
export async function startAndPrepare(
  examined: ExaminedChange,
  { processes, toolchain, signal }: { processes: OwnedProcesses; toolchain: Toolchain; signal: AbortSignal },
): Promise<{ cluster: Cluster; prepared: Prepared }> {
  const { request, settings } = examined;
  const { log, config } = request;
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const cancelling = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error) => {
      failed.abort(error);
      throw error;
    });
  const engine = request.engine ?? request.engineFor(config.engine);
  const start = () =>
    asStep(log, `Starting a cluster (${engine.name})`, () =>
      engine.start({ toolchain, processes, log, signal: either, settings }),
    );
  const [cluster, prepared] = await Promise.allSettled([
    cancelling(start()),
    cancelling(prepare(examined, { folder: processes.folder, toolchain, signal: either })),
  ]);
  if (cluster.status === "fulfilled" && prepared.status === "fulfilled") {
    return { cluster: cluster.value, prepared: prepared.value };
  }
  if (cluster.status === "fulfilled") await cluster.value[Symbol.asyncDispose]();
  throw failed.signal.reason;
}
