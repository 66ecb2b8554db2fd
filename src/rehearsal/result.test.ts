import { expect, it } from "vitest";
import { conclude } from "./result.ts";
import { application, failed } from "./verdict-fixture.ts";

const refused = {
  code: "forbidden",
  class: "configuration",
  message: "DaemonSet a/b would get hold of the machine that runs this rehearsal: hostPath",
} as const;

it("says who would have reached the machine, before what else is configured wrongly", () => {
  const unauthorized = { code: "source", class: "configuration", message: "401 Unauthorized" } as const;
  const applications = [failed("exporter", refused), failed("private", unauthorized), application("web")];
  expect(conclude({ applications, applicationSets: [] }, true)).toEqual({
    result: "misused",
    summary: "2 of 3 Applications did not pass; not allowed on this machine: exporter.",
  });
});

it("is the change's fault where that is broken as well", () => {
  const applications = [failed("exporter", refused), failed("broken")];
  expect(conclude({ applications, applicationSets: [] }, true)).toMatchObject({
    result: "failed",
    summary: "2 of 2 Applications did not pass; at fault: broken.",
  });
});
