import { describe, expect, it } from "vitest";
import { selfReferences, withSelfReferences } from "./self-references.ts";

const workflow = `jobs:
  rehearse:
    steps:
      - uses: actions/checkout@0123456789012345678901234567890123456789 # v6
      - uses: gitops-rehearsal/rehearsal@main
        with: { path: . }
      - uses: gitops-rehearsal/rehearsal/actions/gate-merge@v1 # not yet
  called:
    uses: gitops-rehearsal/rehearsal/.github/workflows/report.yml@main
  other:
    uses: gitops-rehearsal/rehearsal-examples@main
`;

describe("what a workflow takes from its own repository", () => {
  it("is found, and nothing else", () => expect(selfReferences(workflow)).toEqual(["main", "v1", "main"]));

  it("is pinned with the version beside it, and the rest stays as it is", () => {
    const sha = "f".repeat(40);
    const pinned = withSelfReferences(workflow, sha, "v1.2.3");
    expect(selfReferences(pinned)).toEqual([sha, sha, sha]);
    expect(pinned).toContain(`uses: gitops-rehearsal/rehearsal@${sha} # v1.2.3\n        with: { path: . }`);
    expect(pinned).toContain(`actions/gate-merge@${sha} # v1.2.3\n  called:`);
    expect(withSelfReferences(pinned, "main")).toBe(workflow.replace("@v1 # not yet", "@main"));
  });
});
