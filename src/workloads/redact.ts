import type { KubeObject } from "../kubernetes/client.ts";
import { everyContainer, type Pod } from "./objects.ts";

/** Takes what must not be shown out of a text. */
export type Redact = (text: string) => string;

/** Shorter ones stand in every text, and hiding them would say where. */
const shortest = 6;

const secret = "[redacted]";

/**
 * Makes the function that hides, in whatever a cluster says: each value of these Secrets of six
 * characters or more, line by line, also in base64, URL or JSON spelling; each value of an environment
 * variable of these Pods, by the variable's name; and what has the shape of a credential wherever it
 * came from.
 */
export function redactor(secrets: readonly KubeObject[], pods: readonly Pod[]): Redact {
  const masks = new Map<string, string>();
  const hide = (value: string, mask: string) => {
    for (const spelling of spellingsOf(value))
      if (spelling.length >= shortest && !masks.has(spelling)) masks.set(spelling, mask);
  };
  for (const { data, stringData } of secrets) {
    for (const encoded of Object.values((data ?? {}) as Record<string, string>)) {
      hide(encoded, secret);
      const value = Buffer.from(encoded, "base64").toString("utf8");
      // No program prints what is no text (a release of Helm, a keystore), and its pieces stand everywhere.
      if (!value.includes("\ufffd")) hide(value, secret);
    }
    for (const value of Object.values((stringData ?? {}) as Record<string, string>)) hide(value, secret);
  }
  for (const pod of pods)
    for (const { container } of everyContainer(pod))
      for (const { name, value = "" } of container.env ?? []) hide(value, `[$${name}]`);
  // The longest first: one value may be a part of another.
  const values = [...masks.keys()].sort((left, right) => right.length - left.length);
  return (text) =>
    hideShapes(values.reduce((rest, value) => rest.replaceAll(value, masks.get(value) ?? secret), text));
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

/** A value as a program may print it. */
function spellingsOf(value: string): string[] {
  const whole = value.trim();
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  return [whole, ...(lines.length > 1 ? lines : [])].flatMap((part) => [
    part,
    Buffer.from(part).toString("base64"),
    Buffer.from(part).toString("base64").replace(/=+$/, ""),
    Buffer.from(part).toString("base64url"),
    encodeURIComponent(part),
    JSON.stringify(part).slice(1, -1),
  ]);
}

/** Of Secrets that nobody told us of. */
function hideShapes(text: string): string {
  return text
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, secret)
    .replace(/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, secret)
    .replace(/\/[0-9a-f]{48}\b/g, `/${secret}`) // the path of our webhook
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${secret}@`)
    .replace(
      /\b((?:authorization|proxy-authorization)["']?\s*[:=]\s*["']?(?:bearer|basic|token)?\s*)[^\s"',]+/gi,
      `$1${secret}`,
    )
    .replace(
      /\b((?:password|passwd|secret|token|api[_-]?key|access[_-]?key)["']?\s*[:=]\s*["']?)[^\s"',;&]{3,}/gi,
      `$1${secret}`,
    );
}
