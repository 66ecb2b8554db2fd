import { expect, test } from "vitest";
import type { VendorEvidence } from "../vendor/evidence.ts";
import type { Reason } from "./reason.ts";
import { explainByVendor } from "./vendor-reason.ts";

const charts = "https://charts.example/stable";
const nothing: VendorEvidence = { served: [], refused: [], incomplete: [] };

function reason(message: string): Reason {
  return { code: "manifests", class: "change", message, finality: "a hard refresh repeated it" };
}

function refused(kind: "absent" | "changed", what: string, message: string): VendorEvidence {
  return { ...nothing, refused: [{ kind, what, message, count: 1 }] };
}

test("a status without a text is what the mirror refused", () => {
  const what = "oci.example/v2/charts/app/manifests/1.2.3";
  const message = `${what} is not in the cache, and --offline forbids asking for it; run rehearse vendor`;
  const seen = reason(
    `cannot get digest: HEAD "https://${what}": response status code 424: Failed Dependency`,
  );
  expect(explainByVendor(seen, undefined, refused("absent", what, message))).toEqual({
    code: "not-cached",
    class: "infrastructure",
    message,
    finality: "a hard refresh repeated it",
  });
});

test.each([
  ["the lock", "change"],
  ["the cache", "configuration"],
])("a digest that is not that of %s is a matter of %s", (who, cause) => {
  const message = `the digest of app 1.2.3 of ${charts} has changed: ${who} has sha256:1, upstream has sha256:2`;
  const seen = reason(`helm pull: failed to fetch ${charts}/app-1.2.3.tgz : 409 ${message}`);
  const evidence = refused("changed", "charts.example/stable/app-1.2.3.tgz", message);
  expect(explainByVendor(seen, undefined, evidence)).toMatchObject({ code: "digest", class: cause, message });
});

test("egress that is restricted is a matter of configuration", () => {
  const message = "a.example/index.yaml is not in the cache, and egress is restricted; run rehearse vendor";
  expect(
    explainByVendor(reason(message), undefined, refused("absent", "a.example/index.yaml", message)),
  ).toEqual(expect.objectContaining({ code: "source", class: "configuration" }));
});

test.each([
  `helm pull: chart "app" version "9.9.9" not found in ${charts} repository`,
  `Error: can't get a valid version for 1 subchart(s): "app" (repository "${charts}", version "9.9.9")`,
])("a version that only the cache does not have is nobody's fault: %s", (message) => {
  const evidence = { ...nothing, incomplete: [charts] };
  expect(explainByVendor(reason(message), undefined, evidence)).toMatchObject({
    code: "not-cached",
    class: "infrastructure",
  });
  expect(explainByVendor(reason(message), undefined, nothing)).toEqual(reason(message));
});

test("a range that the cache has nothing for is known by the Application's own source", () => {
  const seen = reason("version matching constraint not found in 3 tags");
  const spec = { source: { repoURL: `${charts}/`, chart: "app", targetRevision: "9.*" } };
  const evidence = { ...nothing, incomplete: [charts] };
  expect(explainByVendor(seen, { spec } as never, evidence).class).toBe("infrastructure");
  expect(explainByVendor(seen, undefined, evidence).class).toBe("change");
});

test("what has nothing to do with other hosts stays as it is", () => {
  const seen = reason(`error converting YAML to JSON: yaml: line 3 (from ${charts})`);
  expect(explainByVendor(seen, undefined, { ...nothing, incomplete: [charts] })).toEqual(seen);
});
