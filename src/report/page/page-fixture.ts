import { type DefaultTreeAdapterMap, parse } from "parse5";
import type { Verdict } from "../../rehearsal/verdict.ts";
import { visible } from "../sanitise.ts";

type Node = DefaultTreeAdapterMap["node"];
type Element = DefaultTreeAdapterMap["element"];

/** A page as a browser reads it. */
export interface ReadPage {
  /** Each element with the names of its attributes, in their order: `a href rel`. */
  skeleton: string[];
  elements: Element[];
  comments: string[];
  /** All text but that of the style and the script. */
  text: string;
  /** What the parser found wrong: where anything is, the page does not say what it seems to say. */
  errors: string[];
}

export function readPage(html: string): ReadPage {
  const errors: string[] = [];
  const page: ReadPage = { skeleton: [], elements: [], comments: [], text: "", errors };
  const root = parse(html, { onParseError: ({ code }) => errors.push(code) });
  for (const child of root.childNodes) visit(child, page);
  return page;
}

function visit(node: Node, page: ReadPage): void {
  if (node.nodeName === "#comment" && "data" in node) page.comments.push(node.data);
  if ("value" in node) page.text += node.value;
  if (!("tagName" in node)) return;
  page.elements.push(node);
  page.skeleton.push([node.tagName, ...node.attrs.map(({ name }) => name)].join(" "));
  if (["style", "script"].includes(node.tagName)) return;
  for (const child of node.childNodes) visit(child, page);
}

/** The value of an attribute. */
export function attributeOf({ attrs }: Element, name: string): string | undefined {
  return attrs.find((attribute) => attribute.name === name)?.value;
}

/** The text of an element's own children, such as a style's. */
export function ownText({ childNodes }: Element): string {
  return childNodes.map((child) => ("value" in child ? child.value : "")).join("");
}

/** The elements of a class. */
export function classed({ elements }: ReadPage, name: string): Element[] {
  return elements.filter((element) => (attributeOf(element, "class") ?? "").split(" ").includes(name));
}

/** All text within an element, with blanks as one reads them. */
export function textOf(element: Element): string {
  const parts: string[] = [];
  const walk = (node: Node) => {
    if ("value" in node) parts.push(node.value);
    if ("childNodes" in node) for (const child of node.childNodes) walk(child);
  };
  walk(element);
  return parts.join("").replace(/\s+/g, " ").trim();
}

/** The same verdict with every text that a stranger can choose replaced. */
export function mapTexts(of: Verdict, change: (text: string) => string): Verdict {
  const fixed = new Set([
    ...["state", "class", "code", "result", "startedAt", "namespace", "from"],
    ...["base", "head", "merge"],
  ]);
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return fixed.has(key) || value === "simulated" ? value : change(value);
    if (Array.isArray(value)) return value.map((part) => walk(part, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [
        name,
        name === "kind" && "path" in value ? part : walk(part, name),
      ]),
    );
  };
  return walk(of, "") as Verdict;
}

/** A text as the page has it, but for its blanks. */
export function squeezed(text: string): string {
  return visible(text)
    .replace(/\p{Noncharacter_Code_Point}/gu, "\ufffd")
    .replace(/\s+/g, "");
}
