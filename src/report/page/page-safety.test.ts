import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Verdict } from "../../rehearsal/verdict.ts";
import { evil, hostile } from "../hostile-fixture.ts";
import { type Outcome, unlinked } from "../outcome.ts";
import { context, red, reports } from "../report-fixture.ts";
import { visible } from "../sanitise.ts";
import { pageOf } from "./page.ts";
import { attributeOf, mapTexts, ownText, type ReadPage, readPage, squeezed } from "./page-fixture.ts";

const home = "https://github.com/gitops-rehearsal/homelab";

/** Every element that a page may have, with every attribute. */
const allowed: Record<string, readonly string[]> = {
  html: ["lang"],
  meta: ["charset", "http-equiv", "content", "name"],
  ...Object.fromEntries(
    ["head", "body", "title", "style", "script", "main", "header", "h1"].map((name) => [name, ["class"]]),
  ),
  ...Object.fromEntries(
    ["h2", "h3", "h4", "b", "small", "code", "dl", "dt", "dd", "li"].map((name) => [name, ["class"]]),
  ),
  ...{
    nav: ["aria-label"],
    section: ["id", "class"],
    article: ["id", "class"],
    details: ["class", "data-state", "open"],
  },
  ...{
    summary: [],
    div: ["id", "class", "hidden", "role", "aria-label"],
    p: ["class", "role"],
    pre: ["tabindex"],
  },
  ...{
    span: ["class", "aria-label"],
    ul: ["class", "aria-label"],
    ol: ["class", "aria-label"],
    a: ["href", "rel", "class"],
  },
  input: ["type", "id", "aria-label", "placeholder", "autocomplete", "spellcheck"],
  button: ["type", "data-state", "aria-pressed"],
  ...{ svg: ["class", "width", "height", "viewBox", "preserveAspectRatio", "aria-hidden"], use: ["href"] },
  ...{
    symbol: ["id", "viewBox"],
    circle: ["class", "cx", "cy", "r", "stroke-dasharray"],
    path: ["class", "d"],
  },
  rect: ["class", "x", "y", "width", "height"],
};

/** As hostile as the other reports', and with what these do not show. */
const worst: Verdict = {
  ...evil,
  applicationSets: evil.applications.map(({ name, reason }) => ({
    ...{ name, namespace: "argocd", state: "failed", parent: undefined, reason, generated: 0 },
  })),
  ...(evil.repository && {
    repository: {
      ...evil.repository,
      roots: hostile.map((text) => ({ kind: text, name: text, file: text, line: 1 })),
    },
  }),
  evidence: {
    ...{ mergeServed: 1, otherHosts: evil.evidence?.otherHosts ?? [], refused: hostile },
    artefacts: hostile.map((text) => ({ what: text, from: "cache", why: text, count: 1 })),
  },
};

/** What holds of every page: nothing of a stranger is more than text. */
function expectSound(page: ReadPage): void {
  expect(page.errors).toEqual([]);
  expect(page.comments).toEqual([]);
  const odd = page.elements.flatMap(({ tagName, attrs }) =>
    tagName in allowed
      ? attrs.filter(({ name }) => !allowed[tagName]?.includes(name)).map(({ name }) => `${tagName} ${name}`)
      : [tagName],
  );
  expect(odd).toEqual([]);
  const ids = page.elements.flatMap((element) => attributeOf(element, "id") ?? []);
  const known = new Set(ids);
  expect(known.size).toBe(ids.length);
  const links = page.elements.flatMap((element) => attributeOf(element, "href") ?? []);
  const astray = links.filter((href) =>
    href.startsWith("#") ? !known.has(href.slice(1)) : !href.startsWith(`${home}/`),
  );
  expect(astray).toEqual([]);
  expect(page.text === visible(page.text)).toBe(true);
}

function read(outcome: Outcome, at = context): ReadPage {
  return readPage(pageOf(outcome, at));
}

describe("every page", () => {
  it.each(Object.entries(reports))("%s is sound", (_, outcome) => {
    const html = pageOf(outcome, context);
    expectSound(readPage(html));
    expect(html.length).toBeLessThan(3_000_000);
  });

  it("allows itself its own style and script, and nothing else", () => {
    const { elements } = read({ verdict: red });
    const policy = elements.find((element) => attributeOf(element, "http-equiv") !== undefined);
    const hashes = ["style", "script"].map((name) => {
      const [element, ...others] = elements.filter(({ tagName }) => tagName === name);
      expect(others).toEqual([]);
      if (!element) throw new Error(`there is no ${name}`);
      return createHash("sha256").update(ownText(element)).digest("base64");
    });
    expect(policy && attributeOf(policy, "content")).toBe(
      `default-src 'none'; style-src 'sha256-${hashes[0]}'; script-src 'sha256-${hashes[1]}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it("has the same elements whatever its texts say", () => {
    let count = 0;
    // Texts of one kind stay alike or different as they were: grouping goes by that.
    const tame = new Map<string, string>();
    const harmless = mapTexts(worst, (text) => {
      const known =
        tame.get(text) ?? `text ${String.fromCharCode(97 + (count % 26)).repeat(1 + count++ / 26)}`;
      tame.set(text, known);
      // Lines, because those of an error are a stack, and length, because what is long is folded.
      return `${known}${" x".repeat(Math.max(0, Math.ceil((visible(text).trim().length - known.length) / 2)))}`;
    });
    expect(read({ verdict: worst }, unlinked).skeleton).toEqual(
      read({ verdict: harmless }, unlinked).skeleton,
    );
  });

  it("stays sound with anything in any place of a verdict, and says it", () => {
    const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: "binary", maxLength: 80 }));
    const property = fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), (texts) => {
      let count = 0;
      const changed = mapTexts(worst, () => texts[count++ % texts.length] ?? "");
      const page = read({ verdict: changed });
      expectSound(page);
      const shown = squeezed(page.text);
      const said = changed.applications.flatMap(({ name, reason }) => [name, reason?.message ?? ""]);
      expect(said.filter((words) => !shown.includes(squeezed(words)))).toEqual([]);
      expectSound(read({ missing: texts[0] ?? "" }));
    });
    fc.assert(property, { numRuns: Number(process.env.PROPERTY_RUNS ?? 10) });
  });

  it("is sound for an instance, a repository and a server of any name", () => {
    for (const odd of [...hostile, hostile.join("\n")]) {
      expectSound(read({ verdict: red }, { ...context, instance: odd }));
      const { errors, comments, elements } = read(
        { verdict: red },
        { ...unlinked, repository: odd, serverUrl: odd },
      );
      expect([...errors, ...comments]).toEqual([]);
      const outside = elements.flatMap((element) => attributeOf(element, "href") ?? []);
      expect(outside.filter((href) => !/^(#|https?:\/\/)/.test(href))).toEqual([]);
    }
  });
});
