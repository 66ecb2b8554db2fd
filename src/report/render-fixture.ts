import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { type DefaultTreeAdapterMap, parseFragment } from "parse5";

type Node = DefaultTreeAdapterMap["node"];

/** What a reader gets to see of a Markdown text. */
export interface Rendered {
  html: string;
  /** Names of all elements, in their order. */
  elements: string[];
  /** Where links and images lead. */
  addresses: string[];
  comments: string[];
  /** All text, without what parts it. */
  text: string;
  /** The texts in which GitHub looks for mentions and the like: those outside of code and links. */
  searched: string[];
}

/** Renders as GitHub does: GitHub-flavoured Markdown, then HTML as a browser reads it. */
export function render(markdown: string): Rendered {
  const html = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  });
  const rendered: Rendered = { html, elements: [], addresses: [], comments: [], text: "", searched: [] };
  for (const child of parseFragment(html).childNodes) visit(child, rendered, false);
  rendered.text = rendered.text.replaceAll("\u200b", "");
  return rendered;
}

function visit(node: Node, rendered: Rendered, ignored: boolean): void {
  if ("data" in node) rendered.comments.push(node.data);
  if ("value" in node) {
    rendered.text += node.value;
    if (!ignored) rendered.searched.push(node.value);
  }
  if (!("tagName" in node)) return;
  rendered.elements.push(node.tagName);
  rendered.addresses.push(
    ...node.attrs.filter(({ name }) => ["href", "src"].includes(name)).map(({ value }) => value),
  );
  const inside = ignored || ["code", "pre", "a"].includes(node.tagName);
  for (const child of node.childNodes) visit(child, rendered, inside);
}

/** What GitHub makes links, pictures and formulas of, past Markdown. */
const found = [
  /@[\p{L}\p{N}_-]/u,
  /#\d/,
  /gh-\d/i,
  /\b[0-9a-f]{7,40}\b/i,
  /:[\w+-]+:/,
  /:\/\//,
  /www\./i,
  /\$(?!$)|(?<!^)\$/, // alone in its element is how GitHub writes one that is none
];

/** What GitHub would make something of; empty where all is words. */
export function madeOf({ searched }: Rendered): string[] {
  return searched.filter((text) => found.some((pattern) => pattern.test(text)));
}
