import type { Engine, EngineName } from "./engine.ts";
import { existingEngine } from "./existing/existing-engine.ts";
import { k3dEngine } from "./k3d/k3d-engine.ts";
import { simulatedEngine } from "./simulated/simulated-engine.ts";

/** The engines that can be asked for by name. */
export const engines: Readonly<Record<EngineName, Engine>> = {
  simulated: simulatedEngine,
  k3d: k3dEngine,
  existing: existingEngine,
};
