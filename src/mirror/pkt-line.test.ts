import { describe, expect, test } from "vitest";
import { readWants, watchForPack } from "./pkt-line.ts";

const a = "a".repeat(40);
const b = "b".repeat(40);

function packet(text: string): string {
  return (text.length + 4).toString(16).padStart(4, "0") + text;
}

function wantsOf(text: string, size: number): string[] {
  const reader = readWants();
  const bytes = Buffer.from(text, "latin1");
  for (let start = 0; start < bytes.length; start += size) reader.push(bytes.subarray(start, start + size));
  return reader.wants();
}

function isPack(text: string): boolean {
  const watch = watchForPack();
  for (const byte of Buffer.from(text, "latin1")) watch.push(Buffer.from([byte]));
  return watch.seen();
}

describe.each([1, 7, 65536])("wants, in chunks of %i bytes", (size) => {
  test("of protocol 0", () => {
    const text = `${packet(`want ${a} multi_ack side-band-64k\n`)}${packet(`want ${b}\n`)}0000${packet(`have ${a}\n`)}${packet("done\n")}`;
    expect(wantsOf(text, size)).toEqual([a, b]);
  });

  test("of protocol 2", () => {
    const text = `${packet("command=fetch")}${packet("agent=x")}0001${packet("thin-pack")}${packet(`want ${a}\n`)}${packet(`have ${b}\n`)}0000`;
    expect(wantsOf(text, size)).toEqual([a]);
  });

  test("of something else are none", () => {
    expect(wantsOf("GET / HTTP/1.1\r\nwant", size)).toEqual([]);
    expect(wantsOf(`${packet("command=ls-refs")}0001${packet("peel")}0000`, size)).toEqual([]);
    expect(wantsOf("", size)).toEqual([]);
  });
});

describe("a pack", () => {
  test.each([
    [
      "protocol 2",
      `${packet("acknowledgments\n")}${packet("ready\n")}0001${packet("packfile\n")}${packet("\u0001PACK")}`,
    ],
    [
      "protocol 0 with side bands",
      `${packet("NAK\n")}${packet("\u0002Counting")}${packet("\u0001PACK...")}0000`,
    ],
    ["protocol 0 without", `${packet("NAK\n")}PACK....`],
  ])("in %s is seen", (_, text) => {
    expect(isPack(text)).toBe(true);
  });

  test.each([
    ["negotiation alone", `${packet("acknowledgments\n")}${packet("NAK\n")}0000`],
    ["an error", packet("ERR upload-pack: not our ref")],
    ["an error in a side band", `${packet("NAK\n")}${packet("\u0003fatal: PACK")}0000`],
    ["nothing", ""],
  ])("is not in %s", (_, text) => {
    expect(isPack(text)).toBe(false);
  });
});
