import { markerOf, readMarker } from "../report/marker.ts";

/** What the first line of a published comment says, out of sight, about the rest. */
export interface CommentMarker {
  instance: string;
  run: RunNumber;
  /** The SHA that the comment is about. */
  head: string;
}

/** A run's id grows with every run, its attempt with every repetition. */
export interface RunNumber {
  id: number;
  attempt: number;
}

/** The marker that a comment begins with; undefined where there is none, or none that this module wrote. */
export function readCommentMarker(body: string): CommentMarker | undefined {
  const { instance, head, run } = readMarker(body) ?? {};
  const [, id, attempt] = /^(\d{1,15})\.(\d{1,9})$/.exec(run ?? "") ?? [];
  if (instance === undefined || head === undefined || id === undefined) return undefined;
  return { instance, head, run: { id: Number(id), attempt: Number(attempt) } };
}

/** The comment with this marker first, in place of one that is there. */
export function withMarker({ instance, run, head }: CommentMarker, body: string): string {
  const text = readMarker(body) === undefined ? body : body.replace(/^.*(?:\r?\n|$)/, "");
  return `${markerOf(instance, { head, run: `${run.id}.${run.attempt}` })}\n${text}`;
}

/** Whether the first run came after the second. */
export function isNewer(first: RunNumber, second: RunNumber): boolean {
  return first.id === second.id ? first.attempt > second.attempt : first.id > second.id;
}
