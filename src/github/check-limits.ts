import type { Annotation } from "../report/annotations.ts";

/** Ten requests' worth: beyond that, nobody reads on. */
const maxAnnotations = 500;

const maxTextBytes = 65_535;
const maxMessageBytes = 65_536;
const maxTitleLength = 255;
const cutNote = "\n\n… (cut: the whole report is the run's artifact)\n";

/** Annotations as the API takes them, the first 500. One for a whole file stands on its first line. */
export function checkAnnotations(annotations: readonly Annotation[]) {
  return annotations.slice(0, maxAnnotations).map(checkAnnotation);
}

function checkAnnotation({ file, line, level, title, message }: Annotation) {
  return {
    path: file,
    start_line: line ?? 1,
    end_line: line ?? 1,
    annotation_level: level,
    // GitHub refuses an empty one.
    message: cutBytes(message.trim() === "" ? title || "See the check." : message, maxMessageBytes),
    ...(title === "" ? {} : { title: [...title].slice(0, maxTitleLength).join("") }),
  };
}

/**
 * Markdown within what a check's summary or text may have: cut after a line, with an open fence closed.
 * GitHub's description counts characters; bytes are on the safe side.
 */
export function checkText(markdown: string): string {
  if (Buffer.byteLength(markdown) <= maxTextBytes) return markdown;
  const room = maxTextBytes - Buffer.byteLength(cutNote) - 100;
  const cut = cutBytes(markdown, room);
  const whole = cut.slice(0, cut.lastIndexOf("\n") + 1) || cut;
  return `${whole}${closingFence(whole)}${cutNote}`;
}

/** The line that ends a fenced block which is still open at the end; at most 100 characters count as a fence. */
function closingFence(markdown: string): string {
  let open: string | undefined;
  for (const line of markdown.split("\n")) {
    const fence = /^ {0,3}(`{3,90}|~{3,90})(.*)$/.exec(line);
    const [, mark = "", rest = ""] = fence ?? [];
    if (open === undefined) open = mark || undefined;
    else if (mark.startsWith(open) && rest.trim() === "") open = undefined;
  }
  if (open === undefined) return "";
  return markdown.endsWith("\n") ? open : `\n${open}`;
}

/** The longest beginning of at most so many bytes of UTF-8, in whole characters. */
function cutBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  return new TextDecoder().decode(encoded.subarray(0, bytes), { stream: true });
}
