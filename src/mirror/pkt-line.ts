/**
 * Reads Git's pkt-line framing (gitprotocol-common) from chunks that come as they please. `onPacket` gets
 * each payload; it ends the reading by giving `false`. Bytes that are no framing end it as well.
 */
export function readPackets(onPacket: (payload: Buffer) => boolean): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let reading = true;
  return (chunk) => {
    if (!reading) return;
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (reading && rest.length >= 4) {
      const length = packetLength(rest);
      if (length === undefined) {
        reading = onPacket(rest) && false;
      } else if (length < 4) {
        rest = rest.subarray(4);
      } else if (rest.length >= length) {
        reading = onPacket(rest.subarray(4, length));
        rest = rest.subarray(length);
      } else {
        return;
      }
    }
    if (!reading) rest = Buffer.alloc(0);
  };
}

/** Collects the objects that a client asks for in a request to git-upload-pack, protocol 0 to 2. */
export function readWants(): { push(chunk: Buffer): void; wants(): string[] } {
  const wants = new Set<string>();
  const push = readPackets((payload) => {
    const want = payload
      .subarray(0, 80)
      .toString("latin1")
      .match(/^want ([0-9a-f]{40,64})/);
    if (want?.[1]) wants.add(want[1]);
    return true;
  });
  return { push, wants: () => [...wants] };
}

/** Tells whether an answer of git-upload-pack has come to the pack itself, past mere negotiation. */
export function watchForPack(): { push(chunk: Buffer): void; seen(): boolean } {
  let seen = false;
  const push = readPackets((payload) => {
    const start = payload.subarray(0, 9).toString("latin1");
    // Protocol 2 announces it; before, it comes in side band 1 or, without side bands, bare.
    seen = start.startsWith("packfile") || start.startsWith("\u0001PACK") || start.startsWith("PACK");
    return !seen;
  });
  return { push, seen: () => seen };
}

/** With its four digits; undefined where these are none. 0 to 3 are markers without a payload. */
function packetLength(bytes: Buffer): number | undefined {
  const digits = bytes.subarray(0, 4).toString("latin1");
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}
