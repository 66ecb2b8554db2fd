import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { markerOf, readMarker } from "./marker.ts";
import { render } from "./render-fixture.ts";

const anything = fc.string({ unit: "grapheme", maxLength: 40 });

describe("a marker", () => {
  it("is read as it was written, is one line, and is not seen", () => {
    fc.assert(
      fc.property(anything, fc.option(anything, { nil: undefined }), (instance, run) => {
        const head = "c".repeat(40);
        const marker = markerOf(instance, { head, run });
        expect(readMarker(`${marker}\n### Rehearsal`)).toEqual({ instance, head, run });
        expect(marker).not.toContain("\n");
        const rendered = render(`${marker}\n### Rehearsal`);
        expect(rendered.text.trim()).toBe("Rehearsal");
        expect(rendered.comments).toHaveLength(1);
      }),
    );
  });

  it("ends no comment, and begins none", () => {
    expect(markerOf("--> <!-- x=y")).toBe(
      "<!-- gitops-rehearsal:comment instance=%2D%2D%3E%20%3C%21%2D%2D%20x%3Dy -->",
    );
  });

  it("may be without an instance", () => expect(readMarker(markerOf(""))).toEqual({ instance: "" }));

  it.each([
    `x\n${markerOf("home")}`,
    ` ${markerOf("home")}`,
    `${markerOf("home")} x`,
    "<!-- gitops-rehearsal:comment -->",
    "<!-- gitops-rehearsal:comment head=c -->",
    "<!-- gitops-rehearsal:comment instance=%ZZ -->",
    "",
  ])("is not %j", (body) => expect(readMarker(body)).toBeUndefined());
});
