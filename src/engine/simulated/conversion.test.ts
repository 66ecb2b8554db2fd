import { expect, test } from "vitest";
import { convertAsIs, isConversionReview } from "./conversion.ts";

const review = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "ConversionReview" as const,
  request: {
    uid: "1",
    desiredAPIVersion: "example.com/v2",
    objects: [{ apiVersion: "example.com/v1", kind: "Thing", spec: { size: 3 } }],
  },
};

test("objects are the same in another version", () => {
  expect(isConversionReview(review)).toBe(true);
  expect(convertAsIs(review)).toEqual({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "ConversionReview",
    response: {
      uid: "1",
      result: { status: "Success" },
      convertedObjects: [{ apiVersion: "example.com/v2", kind: "Thing", spec: { size: 3 } }],
    },
  });
});

test.each([
  null,
  "text",
  {},
  { kind: "ConversionReview" },
  { kind: "AdmissionReview", request: { objects: [] } },
])("%j asks for no conversion", (value) => {
  expect(isConversionReview(value)).toBe(false);
});
