/** What the marker of a comment says: which rehearsal wrote it, for which head, in which run. */
export interface Marker {
  instance: string;
  /** A full SHA. */
  head?: string | undefined;
  /** `<id>.<attempt>` of the workflow run. */
  run?: string | undefined;
}

/** A comment's first line, invisible when it is rendered: by it the comment is found again. */
export function markerOf(instance: string, details: Omit<Marker, "instance"> = {}): string {
  const fields = Object.entries({ instance, head: details.head, run: details.run });
  const said = fields.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encode(value)}`]));
  return `<!-- gitops-rehearsal:comment ${said.join(" ")} -->`;
}

/** The marker of a comment's body; undefined where the first line is none: nothing further down counts. */
export function readMarker(body: string): Marker | undefined {
  const [line = ""] = body.split(/\r?\n/, 1);
  const said = /^<!-- gitops-rehearsal:comment((?: [a-z]+=[\w.~%]*)+) -->$/.exec(line)?.[1];
  if (said === undefined) return undefined;
  const fields = new Map(
    said
      .trim()
      .split(" ")
      .map((field) => [field.slice(0, field.indexOf("=")), decode(field.slice(field.indexOf("=") + 1))]),
  );
  const instance = fields.get("instance");
  if (instance === undefined) return undefined;
  return { instance, head: fields.get("head"), run: fields.get("run") };
}

/** Two hyphens would end an HTML comment, and blanks a field. */
function encode(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replace(
    /[-!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
