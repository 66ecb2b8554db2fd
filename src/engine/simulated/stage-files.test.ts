import { describe, expect, test } from "vitest";
import { UsageError } from "../../runner/errors.ts";
import { parseUserStages } from "./stage-files.ts";

const stage = `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: recipe-baked
  annotations: { gitops-rehearsal/plays: said to be baked }
spec:
  resourceRef: { apiGroup: kitchen.example.com/v1, kind: Recipe }
  selector: {}
  steps: [{ patch: { root: status, template: "state: baked" } }]
`;

function refused(text: string): UsageError {
  try {
    parseUserStages("stages/kitchen.yaml", text);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a stage of the user's", () => {
  test("tells its kind and its words", () => {
    expect(parseUserStages("stages/kitchen.yaml", `# Kitchen\n${stage}---\n${stage}`)).toMatchObject(
      Array(2).fill({ group: "kitchen.example.com", kind: "Recipe", plays: "said to be baked" }),
    );
  });

  test("may be for a kind of the core group", () => {
    const text = stage.replace("kitchen.example.com/v1, kind: Recipe", "v1, kind: Service");
    expect(parseUserStages("a.yaml", text)).toMatchObject([{ group: "", kind: "Service" }]);
  });

  test.each([
    ["is no YAML", "a: [", "stages/kitchen.yaml is not valid YAML"],
    ["is something else", "kind: ConfigMap\n", "stages/kitchen.yaml holds no Stage of KWOK: apiVersion"],
    ["is a list", "[1]\n", "holds no Stage of KWOK: the document"],
    [
      "has no words",
      stage.replace("gitops-rehearsal/plays", "other"),
      "leaves out the annotation gitops-rehearsal/plays",
    ],
    ["has no selector, as KWOK would ignore it", stage.replace("  selector: {}\n", ""), "spec.selector"],
    ["does nothing", stage.replace(/ {2}steps.*\n/, ""), "steps are missing"],
    ["has a key that is misspelt", stage.replace("selector", "selectors"), "spec"],
  ])("is refused with its file where it %s", (_, text, message) => {
    const error = refused(text);
    expect(error.message).toContain(message);
    expect(error.where?.file).toBe("stages/kitchen.yaml");
    expect(error.fix).toContain("docs/simulated-engine.md");
  });

  test("is refused with its line", () => {
    expect(refused(`${stage}---\nkind: Secret\n`).where?.line).toBe(11);
  });
});
