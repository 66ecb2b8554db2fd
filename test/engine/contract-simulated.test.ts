import { simulatedEngine } from "../../src/engine/simulated/simulated-engine.ts";
import { describeEngine, noSettings } from "./contract.ts";

describeEngine(simulatedEngine, {
  containers: "none",
  settings: async () => noSettings,
  // All of it is processes and files, which go with the folder.
  remains: async () => [],
  abortAfter: [0, 300, 1500],
});
