import { createHash } from "node:crypto";
import type { Meta, Resource } from "./listing.ts";

/** Knows what a cluster held before a rehearsal. */
export interface Inventory {
  readonly size: number;
  /** By kind, namespace and name: what was replaced meanwhile existed before as well. */
  has(key: string): boolean;
  /** 8 bytes per object. */
  encode(): Buffer;
}

const hashBytes = 8;

/** Group, kind, namespace and name: the same in every version of the API. */
export function keyOf(object: {
  resource: Pick<Resource, "group" | "kind">;
  namespace: string | undefined;
  name: string;
}): string {
  return `${object.resource.group}/${object.resource.kind}/${object.namespace ?? ""}/${object.name}`;
}

/**
 * What the objects' controllers make anew all the time is left out: it is never deleted by itself.
 */
export function takeInventory(objects: readonly Meta[]): Inventory {
  const kept = objects.filter(({ controller }) => controller === undefined);
  return inventoryOf(new Set(kept.map((object) => hashOf(keyOf(object)))));
}

export function decodeInventory(encoded: Buffer): Inventory {
  const hashes = new Set<string>();
  for (let at = 0; at + hashBytes <= encoded.length; at += hashBytes)
    hashes.add(encoded.toString("hex", at, at + hashBytes));
  return inventoryOf(hashes);
}

function inventoryOf(hashes: ReadonlySet<string>): Inventory {
  return {
    size: hashes.size,
    has: (key) => hashes.has(hashOf(key)),
    encode: () => Buffer.concat([...hashes].map((hash) => Buffer.from(hash, "hex"))),
  };
}

/** A collision leaves an object behind where it should go: one in 10¹⁴ with 100,000 objects. */
function hashOf(key: string): string {
  return createHash("sha256")
    .update(key)
    .digest("hex")
    .slice(0, 2 * hashBytes);
}
