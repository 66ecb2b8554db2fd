import type { KubeObject } from "../kubernetes/client.ts";
import { createMasks, redacted } from "./masks.ts";
import { everyContainer, type Pod } from "./objects.ts";
import { hideSecret } from "./secret-values.ts";

/** Takes what must not be shown out of a text. */
export type Redact = (text: string) => string;

/**
 * Makes the function that hides, in whatever a cluster says: each value of these Secrets of six
 * characters or more, line by line, in whatever spelling; each value of an environment
 * variable of these Pods, by the variable's name; and what has the shape of a credential wherever it
 * came from.
 */
export function redactor(secrets: readonly KubeObject[], pods: readonly Pod[]): Redact {
  const masks = createMasks();
  for (const secret of secrets) hideSecret(masks, secret);
  for (const pod of pods)
    for (const { container } of everyContainer(pod))
      for (const { name, value = "" } of container.env ?? []) masks.hide(value, `[$${name}]`);
  return (text) => hideShapes(masks.apply(text));
}

/** The same value with all its messages redacted. Names stay: things have to be found by them. */
export function redactMessages<T>(value: T, redact: Redact): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => redactMessages(item, redact)) as T;
  const entries = Object.entries(value).map(([key, field]) => [
    key,
    key === "message" && typeof field === "string" ? redact(field) : redactMessages(field, redact),
  ]);
  return Object.fromEntries(entries) as T;
}

/** Hides what has the shape of a credential: of Secrets that nobody told us of. */
export function hideShapes(text: string): string {
  return hideQuotes(text)
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted)
    .replace(/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, redacted)
    .replace(/\/[0-9a-f]{48}\b/g, `/${redacted}`) // the path of our webhook
    .replace(/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/"'<>]+@/gi, `$1${redacted}@`)
    .replace(
      /\b((?:authorization|proxy-authorization)["']?\s{0,9}[:=]\s{0,9}["']?(?:bearer|basic|token)?\s{0,9})[^\s"',]+/gi,
      `$1${redacted}`,
    )
    .replace(
      /\b((?:password|passwd|secret|token|api[_-]?key|access[_-]?key)["']?\s{0,9}[:=]\s{0,9}["']?)[^\s"',;&]{3,}/gi,
      // The kind in a sentence of the API: `cannot be handled as a Secret: illegal base64 data`.
      (all, before: string) => (before === "Secret: " ? all : `${before}${redacted}`),
    );
}

/**
 * What an API server quotes of a Secret that it refuses: the window that json-iterator shows around an error, the
 * value of structured-merge-diff, the value of a field (field.Error of apimachinery).
 */
function hideQuotes(text: string): string {
  if (!/secret/i.test(text)) return text;
  return text
    .replace(/(\.\.\.\|)[\s\S]{0,2000}?(\|\.\.\.)/g, `$1${redacted}$2`)
    .replace(/(valueUnstructured\{Value:)(?:"(?:[^"\\]|\\.)*"|[^}]*)(\})/g, `$1${redacted}$2`)
    .replace(/(Invalid value: )(?:"(?:[^"\\]|\\.)*"|[^\s:,;]+)/g, (all, before: string, offset: number) =>
      /\bSecret "[^"]*" is invalid: (?:string)?data[^\n]*$/i.test(
        text.slice(Math.max(0, offset - 2_000), offset),
      )
        ? `${before}${redacted}`
        : all,
    );
}
