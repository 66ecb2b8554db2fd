/** A mapping of a manifest whose schema nobody has checked. */
export type Mapping = Record<string, unknown>;

/** The value as a mapping; empty where it is something else. */
export function mapping(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as a list; empty where it is something else. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The mappings in a list; empty where it is no list. */
export function mappings(value: unknown): Mapping[] {
  return list(value).filter(isMapping);
}

/** The strings in a list; empty where it is no list. */
export function texts(value: unknown): string[] {
  return list(value).filter((item) => typeof item === "string");
}

/** The value as text, numbers and booleans in their usual spelling; undefined where it is none or empty. */
export function text(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
