import type { ApplicationState } from "../../rehearsal/verdict.ts";
import { type Html, html } from "./html.ts";

/** Shapes, so that nothing is told by its colour alone; drawn once, and used by their names. */
export const markShapes = html`<svg class="shapes" width="0" height="0" aria-hidden="true">
<symbol id="mark-passed" viewBox="0 0 16 16"><circle class="disc" cx="8" cy="8" r="7.7"/><path class="line" d="M4.6 8.3l2.3 2.3 4.6-4.9"/></symbol>
<symbol id="mark-failed" viewBox="0 0 16 16"><circle class="disc" cx="8" cy="8" r="7.7"/><path class="line" d="M5.3 5.3l5.4 5.4M10.7 5.3l-5.4 5.4"/></symbol>
<symbol id="mark-missing" viewBox="0 0 16 16"><circle class="ring" cx="8" cy="8" r="7" stroke-dasharray="3.2 2.3"/><path class="bare" d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8"/></symbol>
<symbol id="mark-waiting" viewBox="0 0 16 16"><circle class="ring" cx="8" cy="8" r="7"/><path class="bare" d="M6.2 5.2v5.6M9.8 5.2v5.6"/></symbol>
<symbol id="mark-unfinished" viewBox="0 0 16 16"><circle class="ring" cx="8" cy="8" r="7"/><path class="bare" d="M8 4.2V8l2.6 1.8"/></symbol>
<symbol id="mark-unproven" viewBox="0 0 16 16"><circle class="disc" cx="8" cy="8" r="7.7"/><path class="line" d="M8 4v4.8M8 11.6v.2"/></symbol>
</svg>`;

/** The shape of a state, which the words beside it say as well. */
export function mark(state: ApplicationState | "unproven"): Html {
  return html`<svg class="mark ${state}" aria-hidden="true"><use href="#mark-${state}"/></svg>`;
}
