import type { Description } from "./description.ts";
import type { State, TokenState } from "./state.ts";

/** One valid request, as a handler gets it. */
export interface Call {
  state: State;
  description: Description;
  token: TokenState;
  /** Of the path, decoded. */
  params: Record<string, string>;
  query: Record<string, string>;
  body: Record<string, unknown>;
  /** Address of the API's root, without a slash at the end. */
  apiUrl: string;
  /** Address of the request, for links to further pages. */
  url: URL;
  /** Where the storage, another host in reality, keeps an artifact. */
  blobUrl(artifact: number): string;
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export type Handler = (call: Call) => Answer;

/** GitHub says no, in JSON. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(status: number, message: string, more: Record<string, unknown> = {}) {
    super(message);
    const body = {
      message,
      documentation_url: "https://docs.github.com/rest",
      status: String(status),
      ...more,
    };
    this.answer = { status, body };
  }
}

/** The page of a list that was asked for, with the links to others. */
export function page(
  { query, url }: Call,
  items: unknown[],
): { shown: unknown[]; headers: Record<string, string> } {
  const size = Number(query.per_page ?? 30);
  const current = Number(query.page ?? 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const links: string[] = [];
  const link = (rel: string, number: number) => {
    const address = new URL(url);
    address.searchParams.set("page", String(number));
    links.push(`<${address}>; rel="${rel}"`);
  };
  if (current > 1) link("prev", current - 1);
  if (current < last) {
    link("next", current + 1);
    link("last", last);
  }
  const shown = items.slice((current - 1) * size, current * size);
  return { shown, headers: links.length === 0 ? {} : { link: links.join(", ") } };
}

/** A parameter that the description has as a number. */
export function number(call: Call, name: string): number {
  return Number(call.params[name]);
}
