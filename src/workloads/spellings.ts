/**
 * A value as programs print it: as it is, by the line, on one line, quoted for JSON, Go, YAML, a shell or a URL,
 * in base64 (alone or as a part of more), twice so, in hexadecimal, as bytes.
 */
export function spellingsOf(value: string): string[] {
  const whole = value.trim();
  if (value.length > large) return spellingsOfLarge(whole);
  const lines = whole.split(/\r?\n/).map((line) => line.trim());
  const parts = lines.length > 1 ? [whole, whole.replace(/\s+/g, " "), ...lines] : [whole];
  const spellings = parts.flatMap((part) => [
    part,
    part.replace(/\s+/g, " "),
    ...quoted(part),
    ...encoded(part),
  ]);
  // As a Secret holds it, and with the line's end that most have.
  return [...new Set([...spellings, ...encoded(value), ...encoded(Buffer.from(value).toString("base64"))])];
}

/** A file of thousands of lines, each in dozens of spellings, would be more than memory should hold. */
const large = 64 * 1024;

function spellingsOfLarge(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const json = lines.map((line) => JSON.stringify(line).slice(1, -1));
  return [...new Set([text, ...lines, ...json, Buffer.from(text).toString("base64").replace(/=+$/, "")])];
}

function quoted(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const url = encodeURIComponent(text);
  const strict = url.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return [
    json,
    JSON.stringify(json).slice(1, -1), // JSON in JSON, as in last-applied-configuration
    // Go's encoding/json spells these so: https://pkg.go.dev/encoding/json#HTMLEscape
    json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
    text.replaceAll("'", "''"),
    text.replaceAll("'", "'\\''"),
    url,
    url.replaceAll("%20", "+"),
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    // As a form sends it, and Go's url.QueryEscape and url.UserPassword.
    strict,
    strict.replaceAll("%20", "+"),
    new URLSearchParams({ "": text }).toString().slice(1),
    encodeURI(text),
  ];
}

function encoded(text: string): string[] {
  const bytes = Buffer.from(text);
  const alone = bytes.toString("base64");
  return [
    ...[alone, alone.replace(/=+$/, ""), ...within(bytes)].flatMap((base64) => [
      base64,
      base64.replaceAll("+", "-").replaceAll("/", "_"),
    ]),
    // Wrapped, as MIME and PEM have it.
    ...[64, 76].flatMap((width) => (alone.length > width ? piecesOf(alone, width) : [])),
    bytes.toString("hex"),
    [...bytes].join(" "),
    [...bytes].join(","),
    [...bytes].join(", "),
  ];
}

/** What these bytes are in the base64 of more bytes, at each of three offsets, without the letters shared with others. */
function within(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const base64 = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const end = Math.floor(((offset + bytes.length) * 8) / 6);
    return base64.slice(Math.ceil((offset * 8) / 6), end);
  });
}

function piecesOf(text: string, width: number): string[] {
  return Array.from({ length: Math.ceil(text.length / width) }, (_, index) =>
    text.slice(index * width, (index + 1) * width),
  );
}
