import { describe, expect, it } from "vitest";
import { archiveName } from "../../src/toolchain/archive-format.ts";
import { releaseOf } from "./release-facts.ts";

const sumOf = (digit: string, key: string, os: "linux" | "darwin", arch: "x64" | "arm64") =>
  `${digit.repeat(64)}  ${archiveName({ key, platform: { os, arch: arch === "x64" ? "amd64" : arch } })}\n`;

describe("what a release says of its archives", () => {
  it("is where they are and what they must be, by platform", () =>
    expect(
      releaseOf("https://example.test/v1", [
        sumOf("a", "0123", "linux", "x64"),
        sumOf("b", "0123", "linux", "arm64"),
      ]),
    ).toEqual({
      toolchain: {
        archive: "https://example.test/v1/rehearsal-toolchain-{key}-{os}-{arch}.tar.zst",
        sha256: { "linux-amd64": "a".repeat(64), "linux-arm64": "b".repeat(64) },
      },
    }));

  it.each([
    ["none at all", [], /no checksum of a toolchain archive$/],
    ["something else", ["hello\n"], /this is no checksum of a toolchain archive: hello/],
    [
      "two toolchains",
      [sumOf("a", "0123", "linux", "x64"), sumOf("b", "4567", "linux", "arm64")],
      /different toolchains: 0123, 4567/,
    ],
  ])("is refused of %s", (_, sums, message) =>
    expect(() => releaseOf("https://example.test", sums)).toThrow(message),
  );
});
