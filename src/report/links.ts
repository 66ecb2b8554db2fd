import type { Place } from "../runner/errors.ts";
import type { ReportContext } from "./outcome.ts";

/** Addresses on GitHub or an Enterprise Server. Each is undefined where none can be made of what is known. */
export interface Links {
  /** The run whose report this is. */
  run: string | undefined;
  /** A line of a file at the head. */
  toPlace(place: Place): string | undefined;
  /** A commit, by its full SHA. */
  toCommit(sha: string): string | undefined;
}

const fullSha = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function linksOf({ serverUrl, repository, runUrl, head }: ReportContext): Links {
  const home = webAddress(`${serverUrl.replace(/\/+$/, "")}/${repository}`);
  const at =
    home !== undefined && head !== undefined && fullSha.test(head) ? `${home}/blob/${head}` : undefined;
  return {
    run: webAddress(runUrl),
    toPlace: ({ file, line }) => {
      if (at === undefined || !isOrdinary(file)) return undefined;
      return `${at}/${file.split("/").map(encoded).join("/")}${line === undefined ? "" : `#L${line}`}`;
    },
    toCommit: (sha) => (home !== undefined && fullSha.test(sha) ? `${home}/commit/${sha}` : undefined),
  };
}

/** Whether a path stays below the top of a repository: a browser resolves `..` before it asks for anything. */
export function isOrdinary(path: string): boolean {
  return path.isWellFormed() && path.split("/").every((part) => !["", ".", ".."].includes(part.trim()));
}

function webAddress(text: string): string | undefined {
  const url = URL.parse(text);
  return url && ["http:", "https:"].includes(url.protocol) ? encodedRest(url.href) : undefined;
}

function encoded(part: string): string {
  return encodedRest(encodeURIComponent(part));
}

/** What an address may hold and Markdown reads. */
function encodedRest(url: string): string {
  return url.replace(
    /[()<>'"*`|\\[\]]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
