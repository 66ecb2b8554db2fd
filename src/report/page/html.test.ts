import { expect, it } from "vitest";
import { hostile } from "../hostile-fixture.ts";
import { visible } from "../sanitise.ts";
import { html, type Part, sourceOf } from "./html.ts";
import { attributeOf, readPage } from "./page-fixture.ts";

it("makes text of every text, between tags and between quotes", () => {
  for (const text of hostile) {
    const page = readPage(sourceOf(html`<!doctype html><title>x</title><p class="${text}">${text}</p>`));
    expect(page.skeleton).toEqual(["html", "head", "title", "body", "p class"]);
    expect(page.errors).toEqual([]);
    const [paragraph] = page.elements.slice(-1);
    expect(paragraph && attributeOf(paragraph, "class")).toBe(visible(text));
    expect(page.text).toBe(`x${visible(text)}`);
  }
});

it("holds HTML, numbers, lists and nothing", () => {
  const parts: Part = [html`<b>${"<"}</b>`, ["a", [2]], undefined];
  expect(sourceOf(html`<p>${parts}${undefined}</p>`)).toBe("<p><b>&#60;</b>a2</p>");
});

it("takes no data for HTML, whatever its shape", () => {
  const data = JSON.parse('{"safe HTML": "<b>", "Symbol(safe HTML)": "<b>"}') as Part;
  expect(() => sourceOf(html`${data}`)).toThrow(TypeError);
});
