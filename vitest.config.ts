import { defineConfig } from "vitest/config";

/** They wait for graces and clean-ups far more than they work, and so cost little beside the others. */
const patient = ["existing", "host-guard-existing", "lifecycle"].map((name) => `test/engine/${name}.test.ts`);

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "ci/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 3, // on two cores: many of these wait for clocks and processes
        },
      },
      {
        test: {
          // Each of these runs a whole control plane: two at once is what two cores bear.
          name: "engine",
          include: ["test/**/*.test.ts"],
          globalSetup: "test/build.ts",
          exclude: ["test/k3d/**", "test/act/**", ...patient],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          maxConcurrency: 2,
        },
      },
      {
        test: {
          name: "patient",
          include: patient,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          maxConcurrency: 2,
        },
      },
      {
        test: {
          // Whole workflows with act, one at a time: each starts a control plane too.
          name: "act",
          include: ["test/act/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          maxConcurrency: 1,
        },
      },
      {
        test: {
          // Real clusters in Docker; where there is none, all of them are skipped.
          name: "k3d",
          maxConcurrency: 2,
          include: ["test/k3d/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
