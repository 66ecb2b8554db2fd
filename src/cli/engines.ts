import type { Engine, EngineName } from "../engine/engine.ts";
import { simulatedEngine } from "../engine/simulated/simulated-engine.ts";

/** The engines that can be asked for by name. */
export const engines = { simulated: simulatedEngine } satisfies Partial<Record<EngineName, Engine>>;

export type AvailableEngine = keyof typeof engines;

export const defaultEngine: AvailableEngine = "simulated";
