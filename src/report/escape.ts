import { visible } from "./sanitise.ts";

/**
 * Any text as text of HTML or XML, also between quotes: what is invisible or reorders what is read is taken out,
 * and what neither takes is replaced (section 2.2 of XML 1.0; "noncharacter-in-input-stream" of HTML).
 */
export function escaped(text: string): string {
  return visible(text)
    .replace(/\p{Noncharacter_Code_Point}/gu, "\ufffd")
    .replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}
