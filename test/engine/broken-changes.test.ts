import { describe, expect, test } from "vitest";
import type { ReasonCode } from "../../src/rehearsal/reason.ts";
import { quickstart, rehearse } from "./quickstart.ts";

interface Broken {
  name: string;
  edits: Record<string, (text: string) => string | undefined>;
  application: string;
  code: ReasonCode;
  message: RegExp;
  /** `Kind name` of the resource at fault, where one is. */
  resource?: string;
  file?: RegExp;
}

/** Each ends well before the timeout of 10 minutes; on two cores, most take half a minute. */
const enoughSeconds = 150;

/**
 * What stands in one group is decided at once, in areas that do not wait for each other: one rehearsal shows all of it.
 */
const groups: readonly (readonly Broken[])[] = [
  [
    {
      name: "YAML that does not parse",
      edits: {
        "infrastructure/storage/storage-class.yaml": (text) => text.replace("metadata:", "metadata: ["),
      },
      application: "storage",
      code: "manifests",
      message: /storage-class\.yaml|yaml/i,
      file: /infrastructure\/storage\/storage-class\.yaml$/,
    },
  ],
  [
    {
      name: "an immutable field",
      edits: {
        "infrastructure/storage/service.yaml": () =>
          "apiVersion: v1\nkind: Service\nmetadata:\n  name: kubernetes\n  namespace: default\nspec:\n  clusterIP: 10.96.0.77\n  ports:\n    - name: https\n      port: 443\n",
      },
      application: "storage",
      code: "rejected",
      message: /may not change once set|immutable/,
      resource: "Service kubernetes",
      file: /storage\/service\.yaml$/,
    },
  ],
  [
    {
      name: "a path that does not exist",
      edits: {
        "monitoring/node-exporter.yaml": (text) =>
          text.replace("monitoring/node-exporter", "monitoring/node-importer"),
      },
      application: "node-exporter",
      code: "manifests",
      message: /node-importer: app path does not exist/,
      file: /monitoring\/node-exporter\.yaml$/,
    },
    {
      name: "a values file that violates the chart's schema",
      edits: { "applications/start-page/values.yaml": (text) => `${text}\nreplicas: many\n` },
      application: "start-page",
      code: "manifests",
      message: /values don't meet the specifications of the schema/,
    },
  ],
  [
    {
      name: "a destination that no cluster has",
      edits: {
        "monitoring/grafana.yaml": (text) =>
          text.replace("server: https://kubernetes.default.svc", "name: production"),
      },
      application: "grafana",
      code: "spec",
      message: /there are no clusters with this name: production/,
      file: /monitoring\/grafana\.yaml$/,
    },
    {
      name: "a CustomResourceDefinition that is missing",
      edits: {
        "infrastructure/backup-plans/crd.yaml": () => undefined,
        "infrastructure/backup-plans/README.md": () => "Empty.\n",
      },
      application: "feeds-database",
      code: "missing-kind",
      message: /BackupPlan|could not find the requested resource/,
    },
  ],
  [
    {
      name: "two Applications of one name",
      edits: { "monitoring/grafana.yaml": (text) => text.replace("name: grafana", "name: prometheus") },
      application: "monitoring",
      code: "duplicate",
      message: /prometheus appeared 2 times/,
    },
  ],
  [
    {
      name: "a sync hook that fails",
      edits: {
        "applications/feeds/base/migrate.yaml": (text) =>
          text.replace(
            "    metadata:\n",
            "    metadata:\n      annotations:\n        gitops-rehearsal/simulate: failure\n",
          ),
      },
      application: "feeds",
      code: "hook",
      message: /PreSync hook failed/,
      file: /feeds\/base\/migrate\.yaml$/,
    },
  ],
  [
    {
      name: "a project that forbids the repository",
      edits: {
        "areas/monitoring.yaml": (text) =>
          text.replace(
            "- https://github.com/gitops-rehearsal/rehearsal.git",
            "- https://github.com/someone/else.git",
          ),
      },
      application: "prometheus",
      code: "forbidden",
      message: /is not permitted in project 'monitoring'/,
    },
  ],
];

describe.concurrent("a broken change of the quickstart", () => {
  test.for(groups.map((group) => [group.map(({ name }) => name).join("; "), group] as const))(
    "%s",
    async ([, group]) => {
      await using repository = await quickstart();
      await repository.change(Object.assign({}, ...group.map(({ edits }) => edits)));
      const { exitCode, verdict } = await rehearse(repository.folder, "--base", "main");
      expect({ exitCode, result: verdict.result }, verdict.summary).toEqual({
        exitCode: 1,
        result: "failed",
      });
      const parts = [...verdict.applications, ...verdict.applicationSets];
      for (const { application, code, message, resource, file } of group) {
        const reason = parts.find(({ name }) => name === application)?.reason;
        expect(reason?.code, `${application}: ${verdict.summary}`).toBe(code);
        expect(reason?.message).toMatch(message);
        if (resource) expect(`${reason?.resource?.kind} ${reason?.resource?.name}`).toBe(resource);
        if (file) expect(reason?.place?.file).toMatch(file);
      }
      expect(verdict.timings.total).toBeLessThan(enoughSeconds);
    },
  );
});

test("the quickstart passes unbroken", async () => {
  await using repository = await quickstart();
  await repository.change({ "README.md": (text) => `${text}\nA line more.\n` });
  const { exitCode, verdict } = await rehearse(repository.folder, "--base", "main");
  expect({ exitCode, result: verdict.result }, verdict.summary).toEqual({ exitCode: 0, result: "passed" });
  expect(verdict.applications).toHaveLength(17);
  for (const application of verdict.applications) {
    expect(application).toMatchObject({ state: "passed", sync: "Synced", health: "Healthy" });
    expect(application.sources.map(({ revision }) => revision)).toEqual(
      application.sources.map(() => verdict.repository?.merge),
    );
  }
});
