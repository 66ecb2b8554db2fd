import type { Engine, EngineName } from "../engine/engine.ts";
import { existingEngine } from "../engine/existing/existing-engine.ts";
import { k3dEngine } from "../engine/k3d/k3d-engine.ts";
import { simulatedEngine } from "../engine/simulated/simulated-engine.ts";

/** The engines that can be asked for by name. */
export const engines: Readonly<Record<EngineName, Engine>> = {
  simulated: simulatedEngine,
  k3d: k3dEngine,
  existing: existingEngine,
};

/** A runner of GitHub Actions has Docker, and what gates a merge there ran containers; a laptop may have neither. */
export function defaultEngine(environment: NodeJS.ProcessEnv): EngineName {
  return environment.GITHUB_ACTIONS === "true" ? "k3d" : "simulated";
}
