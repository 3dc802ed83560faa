// Entries (docs/ledger_format.md section 1): everything about them that can be checked unopened.

import { Reader, equal, toHex } from "./bytes.js";
import { hashBytes } from "./limits.js";
import { hashOf } from "./tree.js";

export type Entry =
  | { readonly kind: "request"; readonly requestId: string; readonly persons: bigint }
  | { readonly kind: "person"; readonly requestId: string; readonly ordinal: bigint }
  | { readonly kind: "command" }
  | { readonly kind: "policy" };

const format = 1;
const requestIdBytes = 16;
const instantBytes = 8;
const citizen = 2;
const principalKindLast = 4;
/** Nonce and tag of AES-256-GCM. */
const sealBytes = 12 + 16;
const personPadding = 256;

/** The entry, or undefined when it is none. Request ids are hexadecimal digits. */
export function parseEntry(bytes: Uint8Array): Entry | undefined {
  const reader = new Reader(bytes);
  if (reader.u8() !== format) {
    return undefined;
  }
  switch (reader.u8()) {
    case 1: return parseRequest(reader);
    case 2: return parsePerson(reader);
    case 3: return parseCommand(reader);
    case 4: return parsePolicy(reader);
    default: return undefined;
  }
}

function parseRequest(reader: Reader): Entry | undefined {
  const requestId = toHex(reader.fixed(requestIdBytes));
  reader.fixed(instantBytes);
  const principal = reader.u8();
  const subject = reader.text();
  reader.text(); // role
  reader.text(); // organisation
  reader.text(); // purpose
  reader.text(); // interaction
  reader.fixed(8); // t
  reader.fixed(hashBytes); // policy
  reader.fixed(hashBytes); // scope
  reader.u16(); // status
  reader.varint(); // shown
  reader.varint(); // withheld
  const persons = reader.varint();
  reader.fixed(hashBytes); // manifest
  reader.u16(); // month
  const sealed = reader.counted();
  const known = principal >= 1 && principal <= principalKindLast;
  const named = principal !== citizen || subject === "";
  return reader.complete && known && named && sealed.length >= sealBytes
    ? { kind: "request", requestId, persons } : undefined;
}

function parsePerson(reader: Reader): Entry | undefined {
  const requestId = toHex(reader.fixed(requestIdBytes));
  const ordinal = reader.varint();
  const inside = reader.counted().length - sealBytes;
  return reader.complete && ordinal >= 1n && inside > 0 && inside % personPadding === 0
    ? { kind: "person", requestId, ordinal } : undefined;
}

function parseCommand(reader: Reader): Entry | undefined {
  reader.fixed(instantBytes);
  reader.text(); // command
  reader.text(); // by
  reader.text(); // outcome
  const details = reader.text();
  return reader.complete && isJson(details) ? { kind: "command" } : undefined;
}

function parsePolicy(reader: Reader): Entry | undefined {
  reader.fixed(instantBytes);
  const digest = reader.fixed(hashBytes);
  const policy = reader.counted();
  return reader.complete && equal(digest, hashOf(policy)) ? { kind: "policy" } : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Follows entries in order and names those that break the rule that a request entry is followed at
 * once by its person entries, ordinals 1, 2, ... `persons`.
 */
export class People {
  private request: { number: number; id: string; persons: bigint } | undefined;
  private next = 0n;
  // Person entries of a request that is named already, or whose entry is not there.
  private passedOver: string | "any" | undefined;

  constructor(private readonly malformed: (n: number) => void) {}

  /** Entry `n` is `entry`; undefined: malformed, and named by the caller. */
  see(n: number, entry: Entry | undefined): void {
    if (this.request !== undefined && entry?.kind === "person" &&
        entry.requestId === this.request.id && entry.ordinal === this.next) {
      this.next++;
      if (this.next > this.request.persons) {
        this.request = undefined;
      }
      return;
    }
    this.end();
    if (entry?.kind === "person") {
      if (this.passedOver !== "any" && this.passedOver !== entry.requestId) {
        this.malformed(n);
      }
      return;
    }
    if (entry === undefined) {
      return;
    }
    this.passedOver = undefined;
    if (entry.kind === "request" && entry.persons > 0n) {
      this.request = { number: n, id: entry.requestId, persons: entry.persons };
      this.next = 1n;
    }
  }

  /** One or more entries are missing: what comes next may belong to a request among them. */
  gap(): void {
    this.request = undefined;
    this.passedOver = "any";
  }

  /** Nothing follows, or not what should: the request whose person entries lack is named. */
  end(): void {
    if (this.request !== undefined) {
      this.malformed(this.request.number);
      this.passedOver = this.request.id;
      this.request = undefined;
    }
  }
}
