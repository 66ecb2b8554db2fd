import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { InfrastructureError } from "../runner/errors.ts";
import { explainFileError, freeSpace, requireSpace } from "./disk.ts";
import { tempFolder } from "./testing/temp-folder.ts";

describe("the preflight for disk space", () => {
  it("adds up what goes to the same file system, and states the numbers", async () => {
    const folder = await tempFolder();
    const { bytes } = await freeSpace(folder);
    const half = { folder, bytes: bytes * 0.6, what: "one thing" };
    await requireSpace("this", [half]);
    const failure = requireSpace("this", [half, { ...half, what: "another" }]);
    await expect(failure).rejects.toThrow(InfrastructureError);
    await expect(failure).rejects.toThrow(
      /^this needs about [\d.]+ [GMT]B of disk \(.* for one thing in .* and .* for another in .*\), and [\d.]+ [GMT]B is free$/,
    );
  });

  it("looks at the folder above one that is not there yet", async () => {
    const folder = await tempFolder();
    expect((await freeSpace(join(folder, "a/b/c"))).device).toBe((await freeSpace(folder)).device);
  });
});

describe("a failed operation on files", () => {
  it.runIf(process.platform === "linux")("for lack of space is the user's to mend", async () => {
    const full: unknown = await writeFile("/dev/full", "x").catch((error: unknown) => error);
    const explained = explainFileError(full, "the/cache");
    expect(explained).toBeInstanceOf(InfrastructureError);
    expect(explained).toHaveProperty("message", "no space left on the disk of the/cache");
  });

  it("of another kind stays what it is", () => {
    const bug = new TypeError("x is not a function");
    expect(explainFileError(bug, "the/cache")).toBe(bug);
  });
});
