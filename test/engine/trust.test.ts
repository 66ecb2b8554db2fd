import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { quickstart, rehearse } from "./quickstart.ts";

describe("a change of somebody else's", () => {
  test("does not choose what is rehearsed, nor the programs that do it", async () => {
    await using fixture = await quickstart();
    const evil = await mkdtemp(join(tmpdir(), "evil-"));
    const mark = join(evil, "ran");
    const script = `#!/bin/sh\ntouch ${mark}\n`;
    await fixture.change({
      ".rehearsal.yaml": () =>
        `roots: [applications/start-page]\ntoolchain: {directory: evil}\ntimeout: 1s\n`,
      "evil/bin/kube-apiserver": () => script,
      "evil/bin/helm": () => script,
      "applications/start-page/values.yaml": (text) => `${text}\n# a change\n`,
    });
    try {
      const { exitCode, verdict } = await rehearse(fixture.folder, "--trust-base");
      expect(verdict.summary).toBe("All 17 Applications are Synced and Healthy at the merge result.");
      expect(exitCode).toBe(0);
      expect(verdict.notes.join("\n")).toContain("its own counts after the merge");
      expect(verdict.changes).toContainEqual({
        path: "examples/quickstart/applications/start-page/values.yaml",
        kind: "modified",
        applications: ["start-page"],
      });
      await expect(access(mark)).rejects.toThrow("ENOENT");
    } finally {
      await rm(evil, { recursive: true, force: true });
    }
  });
});
