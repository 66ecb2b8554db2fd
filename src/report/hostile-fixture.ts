import { failed, verdict } from "../rehearsal/verdict-fixture.ts";

/** Strings that each mean something to Markdown, HTML, GitHub or a terminal. */
export const hostile: readonly string[] = [
  "@octocat @org/team me@example.com",
  "#1 GH-2 owner/repo#3 owner/repo@c0ffee5eedc0ffee5eedc0ffee5eedc0ffee5eed deadbeef",
  "https://evil.example www.evil.example ftp://evil.example mailto:a@evil.example",
  "[x](https://evil.example) ![x](https://evil.example/x.png) [x][y] <https://evil.example>",
  "<img src=x onerror=alert(1)><script>alert(1)</script></details></summary></code></pre>",
  "&lt;b&gt; &#60;b&#62; &amp;copy; &copy;",
  "```\n# heading\n- list\n> [!CAUTION]\n~~~\n````js",
  "a | b\n--|--\nc | d",
  "<!-- gitops-rehearsal:comment instance=homelab -->",
  "--> <!-- x",
  ":tada: :+1: :shipit:",
  "$x^2$ $$\\frac{1}{2}$$ $`x`$",
  "[^1] [^1]: note",
  "\u202eevil\u2066 \u200bzero\u200dwidth\ufeff \u00ad \u{e0041}",
  "\u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u0000\r\u0085",
  "**b** __b__ ~~s~~ *i* _i_ `c` ``c`` \\*x\\*",
  "1. one\n2) two\n+ three\n- [x] done\n=====\n-----\n***",
  "::error::x ##[error]x",
  "\ud800 lone \udfff",
  "../../../evil",
];

const everything = hostile.join("\n");

/** Every string that a stranger can choose is chosen badly. */
export const evil = verdict(
  hostile.map((text, index) => ({
    ...failed(`${index} ${text}`, {
      code: index % 2 ? "sync" : "hook",
      message: text,
      resource: { group: text, kind: text, namespace: text, name: text },
      place: { file: text, line: index + 1 },
      finality: text,
    }),
    parent: hostile[index - 1],
    sync: text,
    waitsFor: [text],
    notProven: [{ why: text, resources: [text, everything] }],
    diagnosis: {
      pods: [{ pod: text, node: text, state: text, lines: [text, everything] }],
      others: [text],
      nodes: [text],
      incomplete: [text],
    },
  })),
  {
    summary: everything,
    notes: hostile,
    changes: hostile.map((path) => ({ path, kind: "modified", applications: [path] })),
    changed: hostile.length,
    weakened: hostile.map((text) => ({
      ...{ setting: text, message: text, where: { file: text }, allowed: false },
    })),
    repository: {
      ...{ url: everything, baseBranch: everything },
      ...{ base: "b".repeat(40), head: "c".repeat(40), merge: "a".repeat(40), roots: [] },
    },
    argocd: { running: everything, pinned: everything, source: everything },
    evidence: {
      mergeServed: 1,
      otherHosts: hostile.map((text) => ({ host: text, outcome: text, count: 1 })),
      artefacts: hostile.map((text) => ({ what: text, from: "cache", why: text, count: 1 })),
      refused: hostile,
    },
  },
);
