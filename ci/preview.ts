import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { commentOf } from "../src/report/comment.ts";
import { pageOf } from "../src/report/page/page.ts";
import { context, reports } from "../src/report/report-fixture.ts";
import { summaryOf } from "../src/report/summary.ts";

/** `npm run preview -- FOLDER` writes each comment and summary as GitHub would show it, and each page, to be looked at. */
const folder = resolve(process.argv[2] ?? "preview");
const style = await readFile(
  createRequire(import.meta.url).resolve("github-markdown-css/github-markdown.css"),
  "utf8",
);

await mkdir(folder, { recursive: true });
for (const [name, outcome] of Object.entries(reports)) {
  await writeFile(join(folder, `${name}-page.html`), pageOf(outcome, context));
  for (const [kind, markdown] of [
    ["comment", commentOf(outcome, context)],
    ["summary", summaryOf(outcome, context)],
  ] as const) {
    await writeFile(join(folder, `${name}-${kind}.md`), markdown);
    await writeFile(join(folder, `${name}-${kind}.html`), page(`${name}: ${kind}`, markdown));
  }
}
process.stdout.write(`${folder}\n`);

function page(title: string, markdown: string): string {
  const body = micromark(markdown, {
    allowDangerousHtml: true,
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  });
  return `<!doctype html><meta charset="utf-8"><title>${title}</title><style>${style}
body { margin: 0; background: var(--bgColor-default, #fff) }
.markdown-body { max-width: 830px; margin: 24px auto; padding: 16px; border: 1px solid #d1d9e0; border-radius: 6px; font-size: 14px }
</style><article class="markdown-body">${body}</article>`;
}
