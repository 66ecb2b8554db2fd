import type { EngineName } from "./engine.ts";

/** A runner of GitHub Actions has Docker, and what gates a merge there ran containers; a laptop may have neither. */
export function defaultEngine(environment: NodeJS.ProcessEnv): EngineName {
  return environment.GITHUB_ACTIONS === "true" ? "k3d" : "simulated";
}
