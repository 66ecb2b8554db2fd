/** The page's style; no data is in it. Colours hold 4.5:1 against what they stand on, in both schemes. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #ffffff; --line: #e2e2de; --ink: #1d1f22; --soft: #5c6168; --sunk: #f0f0ed;
  --link: #0a58b8; --good: #1a7a45; --bad: #c02b25; --warn: #8f5b00; --wait: #5c6168; --on: #ffffff;
  --good-wash: #e7f4ec; --bad-wash: #fceceb; --warn-wash: #fbf2df;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #121417; --card: #1a1d21; --line: #2e3339; --ink: #e4e6e9; --soft: #9ba2ab; --sunk: #23272c;
    --link: #79b4ff; --good: #4cc283; --bad: #ff7b72; --warn: #e0ac4a; --wait: #9ba2ab; --on: #121417;
    --good-wash: #15281d; --bad-wash: #2f1b1b; --warn-wash: #2b2312;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 4rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 0.9375rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1, h2, h3, h4, p, ul, ol, dl, dd, pre { margin: 0; }
ul, ol { padding: 0; list-style: none; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 0.18em; text-decoration-color: color-mix(in srgb, currentColor 40%, transparent); }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px; }
code, pre, .name, .resource, .to-row { font-family: var(--mono); font-size: 0.8125rem; unicode-bidi: isolate; }
b { font-weight: 600; }
small { font-size: 0.8125rem; font-weight: 400; color: var(--soft); }
summary { cursor: pointer; }
pre { padding: 0.75rem 0.9rem; background: var(--sunk); border-radius: 6px; overflow-x: auto; white-space: pre; overflow-wrap: normal; line-height: 1.5; }
.shapes { position: absolute; }
.mark { width: 1rem; height: 1rem; flex: none; color: var(--wait); vertical-align: -0.17rem; }
.mark.passed { color: var(--good); } .mark.failed, .mark.missing { color: var(--bad); } .mark.unproven, .mark.unfinished { color: var(--warn); }
.disc { fill: currentColor; }
.line, .bare, .ring { fill: none; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; }
.line { stroke: var(--on); } .bare, .ring { stroke: currentColor; stroke-width: 1.5; }
.tag { display: inline-block; padding: 0 0.45rem; border: 1px solid var(--line); border-radius: 99px; font: 0.75rem/1.5 system-ui, sans-serif; color: var(--soft); }
.tag.strong { color: var(--warn); border-color: currentColor; }
.count { color: var(--soft); font-weight: 400; font-variant-numeric: tabular-nums; }

.head { --edge: var(--bad); padding: 1.4rem 1.5rem 1.3rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; border-top: 4px solid var(--edge); }
.head.passed { --edge: var(--good); } .head.unproven { --edge: var(--warn); }
.head .of { color: var(--soft); font-size: 0.8125rem; margin-bottom: 0.35rem; }
.head h1 { display: flex; gap: 0.6rem; align-items: center; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.012em; }
.head h1 .mark { width: 1.6rem; height: 1.6rem; }
.head .sentence { margin-top: 0.6rem; font-size: 1.0625rem; max-width: 46rem; text-wrap: pretty; }
.head .meaning { margin-top: 0.7rem; padding: 0.55rem 0.8rem; background: var(--warn-wash); border-radius: 6px; }
.head .caveat { margin-top: 0.35rem; color: var(--soft); }
.head .facts, .head pre, .head .message { margin-top: 0.9rem; }
.ran { display: flex; flex-wrap: wrap; gap: 0.15rem 1.4rem; margin-top: 0.9rem; color: var(--soft); font-size: 0.8125rem; }
.bar { display: block; width: 100%; height: 6px; margin-top: 1.1rem; border-radius: 3px; }
.bar .passed { fill: var(--good); } .bar .failed, .bar .missing { fill: var(--bad); } .bar .unfinished { fill: var(--warn); } .bar .waiting { fill: color-mix(in srgb, var(--wait) 55%, transparent); }
.states { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin-top: 0.6rem; font-size: 0.8125rem; }

nav { position: sticky; top: 0; z-index: 1; margin: 0.75rem -1rem 0; padding: 0 1rem; background: var(--page); border-bottom: 1px solid var(--line); overflow-x: auto; scrollbar-width: none; }
nav ul { display: flex; gap: 1.4rem; }
nav a { display: block; padding: 0.65rem 0; color: var(--ink); text-decoration: none; white-space: nowrap; font-size: 0.875rem; }
nav a:hover { color: var(--link); }

main > section { margin-top: 2.2rem; }
h2 { font-size: 1.125rem; line-height: 1.3; font-weight: 650; margin-bottom: 0.8rem; }
h3 { font-size: 0.9375rem; line-height: 1.45; font-weight: 600; }
h4 { font: 600 0.8125rem/1.5 var(--mono); margin: 0.9rem 0 0.4rem; }
h4 small { font-family: system-ui, sans-serif; }
#causes > h3 { margin: 1.3rem 0 0.5rem; }
.lead { color: var(--soft); margin-bottom: 0.7rem; }
.facts { display: grid; gap: 0.35rem; font-size: 0.875rem; }
.facts > div { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: 0 1rem; }
.facts dt { color: var(--soft); font-size: 0.8125rem; line-height: 1.65; }
.facts li + li { margin-top: 0.25rem; }
.message { white-space: pre-wrap; }
.whole { margin-top: 0.4rem; } .whole .message { margin-top: 0.4rem; padding: 0.75rem 0.9rem; background: var(--sunk); border-radius: 6px; font-size: 0.8125rem; }
.whole > summary, .more > summary, .told > summary { color: var(--link); font-size: 0.8125rem; width: fit-content; }
.more { display: inline; } .more > summary { display: inline-block; margin-left: 0.35rem; } .more[open] > summary { display: block; margin: 0.2rem 0; }

.cause { --edge: var(--bad); padding: 1rem 1.2rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-left: 3px solid var(--edge); border-radius: 8px; }
.many .cause { content-visibility: auto; contain-intrinsic-size: auto 11rem; }
.many .row { content-visibility: auto; contain-intrinsic-size: auto 2.4rem; }
.cause + .cause { margin-top: 0.75rem; }
.cause.infrastructure, .cause.configuration, .cause.allowed { --edge: var(--warn); }
.cause h3 { display: flex; gap: 0.55rem; align-items: baseline; }
.cause h3 .mark { transform: translateY(0.17rem); }
.cause h3 .to-row, .cause h3 .resource { font-size: 0.875rem; } .cause h3 .resource { font-weight: 400; }
.arrow { color: var(--soft); }
.cause .message { margin-top: 0.45rem; max-width: 52rem; }
.cause .facts { margin-top: 0.75rem; }
.told { margin-top: 0.8rem; }
.waits li { display: flex; gap: 0.55rem; align-items: baseline; padding: 0.2rem 0; }
.waits .mark { transform: translateY(0.17rem); }

.filter { display: grid; gap: 0.6rem; margin-bottom: 0.75rem; } .filter[hidden] { display: none; }
.filter input { width: 100%; padding: 0.5rem 0.75rem; font: inherit; color: inherit; background: var(--card); border: 1px solid color-mix(in srgb, var(--soft) 60%, var(--line)); border-radius: 8px; }
.filter input::placeholder { color: var(--soft); opacity: 1; }
.chips { display: flex; flex-wrap: wrap; gap: 0.4rem; }
.chips button { display: inline-flex; gap: 0.4rem; align-items: center; min-height: 2rem; padding: 0 0.8rem; font: inherit; font-size: 0.8125rem; line-height: 1; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 99px; cursor: pointer; }
.chips button:hover { border-color: var(--soft); }
.chips button[aria-pressed=true] { background: var(--card); border-color: var(--ink); font-weight: 600; }
.chips .mark { width: 0.8rem; height: 0.8rem; }
.found { color: var(--soft); font-size: 0.8125rem; } .found:empty { display: none; }
.rows { background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.row { --depth: 0; --step: 1.25rem; }
.row[hidden] { display: none; }
.row + .row { border-top: 1px solid var(--line); }
.depth-1 { --depth: 1; } .depth-2 { --depth: 2; } .depth-3 { --depth: 3; } .depth-4 { --depth: 4; }
.depth-5 { --depth: 5; } .depth-6 { --depth: 6; } .depth-7 { --depth: 7; } .depth-8 { --depth: 8; }
.flat .row { --depth: 0; }
.row > summary { display: grid; grid-template-columns: 1rem minmax(0, 1fr) 5.5rem 11.5rem 4rem 0.6rem; gap: 0 0.6rem; align-items: center; min-height: 2.4rem; padding: 0.3rem 1rem 0.3rem calc(1rem + var(--depth) * var(--step)); list-style: none; }
.row > summary::-webkit-details-marker { display: none; }
.row > summary::after { content: "›"; color: var(--soft); text-align: right; }
.row[open] > summary::after { transform: rotate(90deg) translate(0.1rem, -0.1rem); }
.row > summary:hover { background: var(--sunk); }
.row > summary:focus-visible { outline-offset: -2px; }
.row .state, .row .status, .row .time { font-size: 0.8125rem; color: var(--soft); }
.row.failed .state, .row.missing .state { color: var(--bad); font-weight: 600; } .row.unfinished .state { color: var(--warn); font-weight: 600; }
.row .time { text-align: right; font-variant-numeric: tabular-nums; }
.row[open] { background: color-mix(in srgb, var(--sunk) 45%, var(--card)); }
.row[open] > summary .name { font-weight: 650; }
.row .body { padding: 0.35rem 1rem 1rem calc(2.6rem + var(--depth) * var(--step)); display: grid; gap: 0.6rem; }
.to-cause { white-space: nowrap; }

.card { padding: 1rem 1.2rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.group + .group { margin-top: 0.9rem; padding-top: 0.8rem; border-top: 1px solid var(--line); }
.files { margin-top: 0.35rem; } .files li { display: grid; grid-template-columns: 4.6rem minmax(0, 1fr); gap: 0.6rem; padding: 0.1rem 0; }
.kind { font-size: 0.8125rem; color: var(--soft); } .kind.added { color: var(--good); } .kind.deleted { color: var(--bad); }
.unproven + .unproven { margin-top: 0.55rem; padding-top: 0.55rem; border-top: 1px solid var(--line); } .unproven .facts { padding: 0.6rem 0 0.5rem 1.1rem; }
#notes li { position: relative; padding-left: 1rem; } #notes li + li { margin-top: 0.35rem; } #notes li::before { content: "–"; position: absolute; left: 0; color: var(--soft); }
.moments { font-variant-numeric: tabular-nums; display: flex; flex-wrap: wrap; gap: 0.75rem 0; margin-top: 1.4rem; }
.moments li { flex: 1 1 6.5rem; position: relative; padding: 0.8rem 0.75rem 0 0; border-top: 2px solid var(--line); font-size: 0.8125rem; }
.moments li::before { content: ""; position: absolute; top: -5px; left: 0; width: 8px; height: 8px; border-radius: 50%; background: var(--soft); }
.moments span { display: block; color: var(--soft); }

@media (max-width: 40rem) {
  main { padding: 0.75rem 0.75rem 3rem; }
  .head { padding: 1.1rem 1rem; } .head h1 { font-size: 1.3rem; }
  nav { margin: 0.5rem -0.75rem 0; padding: 0 0.75rem; }
  .facts { gap: 0.5rem; } .facts > div { grid-template-columns: minmax(0, 1fr); } .facts dt { line-height: 1.4; }
  .cause, .card { padding: 0.9rem 0.9rem 1rem; }
  .row { --step: 0.7rem; }
  .row > summary { grid-template-columns: 1rem minmax(0, 1fr) auto 0.6rem; gap: 0 0.6rem; padding: 0.5rem 0.8rem 0.5rem calc(0.8rem + var(--depth) * var(--step)); }
  .row > summary::after { grid-row: 1; grid-column: 4; }
  .row .status { grid-row: 2; grid-column: 2; } .row .time { grid-row: 2; grid-column: 3; }
  .row .body { padding: 0.35rem 0.8rem 0.9rem calc(0.8rem + var(--depth) * var(--step)); }
  .files li { grid-template-columns: minmax(0, 1fr); gap: 0; padding: 0.25rem 0; }
}
@media print {
  nav, .filter { display: none; }
  .many .cause, .many .row { content-visibility: visible; }
  .cause, .row { break-inside: avoid; }
}
`;
