import { expect, it } from "vitest";
import { describeDownload } from "./download.ts";
import { versionIn } from "./probe.ts";
import { formatBytes, formatTimeLeft, joinNames } from "./wording.ts";

it.each([
  [0, "0 B"],
  [812_400, "812 kB"],
  [999_700, "1.0 MB"],
  [9_990_000, "10 MB"],
  [134_200_000, "134 MB"],
  [4_000_000_000, "4.0 GB"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0, "about 5 s left"],
  [11_200, "about 11 s left"],
  [38_000, "about 40 s left"],
  [58_000, "about 1 min left"],
  [370_000, "about 6 min left"],
])("%i ms are %s", (ms, text) => {
  expect(formatTimeLeft(ms)).toBe(text);
});

it("joins names as a sentence does", () => {
  expect(joinNames([])).toBe("");
  expect(joinNames(["a"])).toBe("a");
  expect(joinNames(["a", "b", "c"])).toBe("a, b and c");
});

it("describes a download", () => {
  expect(describeDownload(45e6, 135e6, 4_000)).toBe("45 MB of 135 MB · 11 MB/s · about 8 s left");
  expect(describeDownload(45e6, 0, 4_000)).toBe("45 MB · 11 MB/s");
});

it.each([
  ["Kubernetes v1.37.2", "v1.37.2"],
  ["etcd Version: 3.7.0\nGit SHA: Not provided", "v3.7.0"],
  ["argocd: v3.6.1+unknown\n  BuildDate: 1970-01-01T00:00:00Z", "v3.6.1"],
  ["v4.2", "v4.2"],
  ["v1.2.3-rc.1", "v1.2.3-rc.1"],
  ["(devel)", undefined],
])("finds the version in %j", (text, version) => {
  expect(versionIn(text)).toBe(version);
});
