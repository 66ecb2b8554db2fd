import * as core from "@actions/core";
import type { Annotation } from "../report/annotations.ts";
import { forTerminal, oneLine } from "../report/sanitise.ts";
import { countOf } from "../runner/words.ts";

/** GitHub shows this many of a level for one step, and drops the rest without a word. */
const shownOfLevel = 10;

const commands = { failure: core.error, warning: core.warning, notice: core.notice } as const;

/** Issues the annotations of one step, within what GitHub shows. */
export interface Annotator {
  /** Those that fit, on their file and line; says how many more there are. */
  annotate(annotations: readonly Annotation[]): void;
  /** One without a place; a plain line where no more would be shown. */
  warn(line: string): void;
}

export function annotator(): Annotator {
  // One failure is kept for the line that says why the step failed.
  const left = { failure: shownOfLevel - 1, warning: shownOfLevel, notice: shownOfLevel };
  return {
    annotate(annotations) {
      const dropped = annotations.filter(({ level, ...annotation }) => {
        if (left[level] === 0) return true;
        left[level] -= 1;
        commands[level](forTerminal(annotation.message), propertiesOf(annotation));
        return false;
      });
      if (dropped.length === 0) return;
      core.info(
        `${countOf(dropped.length, "more finding")}; GitHub shows no more than ${shownOfLevel} of a step:`,
      );
      for (const { file, line, title, message } of dropped) {
        core.info(`  ${oneLine(`${file}${line ? `:${line}` : ""} ${title}: ${message}`)}`);
      }
    },
    warn(text) {
      const line = oneLine(text);
      if (left.warning === 0) return core.info(`! ${line}`);
      left.warning -= 1;
      core.warning(line);
    },
  };
}

function propertiesOf({ file, line, title }: Omit<Annotation, "level">): core.AnnotationProperties {
  return { file: oneLine(file), title: oneLine(title), ...(line === undefined ? {} : { startLine: line }) };
}
