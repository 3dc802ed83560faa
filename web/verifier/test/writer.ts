// A ledger's writer for tests, after docs/ledger_format.md: plain, and from the page rather than
// from what is tested. Trees and proofs are the recursions of RFC 9162 as they stand there.

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

export type Bytes = Uint8Array;

export const origin = "continuum.example/ledger";

// --- bytes ---------------------------------------------------------------------------------------

export function join(...parts: readonly (Bytes | readonly number[])[]): Bytes {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

export function utf8(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, "utf8"));
}

export function base64(bytes: Bytes): string {
  return Buffer.from(bytes).toString("base64");
}

export function unsigned(value: number, width: number): Bytes {
  const bytes = new Uint8Array(width);
  for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) {
    bytes[i] = rest % 256;
  }
  return bytes;
}

export function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128 + 128);
  }
  return Uint8Array.of(...bytes, rest);
}

export function counted(bytes: Bytes): Bytes {
  return join(varint(bytes.length), bytes);
}

export function text(value: string): Bytes {
  return counted(utf8(value));
}

export function hash(...parts: readonly (Bytes | readonly number[])[]): Bytes {
  const state = createHash("sha256");
  for (const part of parts) {
    state.update(Uint8Array.from(part));
  }
  return new Uint8Array(state.digest());
}

/** Bytes that look random and are the same in every run. */
export function noise(seed: string, length: number): Bytes {
  const bytes: number[] = [];
  for (let i = 0; bytes.length < length; i++) {
    bytes.push(...hash(utf8(`${seed} ${i}`)));
  }
  return Uint8Array.from(bytes.slice(0, length));
}

// --- entries -------------------------------------------------------------------------------------

const instant = unsigned(1_790_000_000_000_000, 8);

export interface RequestFields {
  readonly principal: number;
  readonly subject: string;
  readonly persons: number;
  readonly sealed: Bytes;
}

export function request(seed: string, fields: Partial<RequestFields> = {}): Bytes {
  const { principal = 1, subject = "555", persons = 0, sealed = noise(`${seed} sealed`, 90) } =
    fields;
  return join([1, 1], noise(`${seed} id`, 16), instant, [principal], text(subject),
    text("R8000"), text("A81001"), text("direct care"), text("search-type"), unsigned(7, 8),
    noise("policy", 32), noise("scope", 32), unsigned(200, 2), varint(300), varint(0),
    varint(persons), noise(`${seed} manifest`, 32), unsigned(682, 2), counted(sealed));
}

export function person(seed: string, ordinal: number, sealedBytes = 28 + 256): Bytes {
  return join([1, 2], noise(`${seed} id`, 16), varint(ordinal),
    counted(noise(`${seed} ${ordinal}`, sealedBytes)));
}

export function command(seed: string, details = `{"seed":"${seed}"}`): Bytes {
  return join([1, 3], instant, text("load"), text("root"), text("done"), text(details));
}

export function policy(file: string, digest = hash(utf8(file))): Bytes {
  return join([1, 4], instant, digest, text(file));
}

/** `count` entries of all kinds: a policy, then requests of 0 to 2 persons and commands. */
export function someEntries(count: number, seed = "log"): Bytes[] {
  const entries = [policy("allow = []\n")];
  for (let i = 0; entries.length < count; i++) {
    const persons = Math.min(i % 3, count - entries.length - 1);
    entries.push(i % 4 === 3 ? command(`${seed} ${i}`) : request(`${seed} ${i}`, { persons }));
    for (let ordinal = 1; i % 4 !== 3 && ordinal <= persons; ordinal++) {
      entries.push(person(`${seed} ${i}`, ordinal));
    }
  }
  return entries.slice(0, count);
}

// --- tree, RFC 9162 section 2.1 ------------------------------------------------------------------

export function leaf(entry: Bytes): Bytes {
  return hash([0], entry);
}

/** The largest power of two smaller than `n`. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) {
    k *= 2;
  }
  return k;
}

export function rootOfLeaves(leaves: readonly Bytes[]): Bytes {
  const only = leaves[0];
  if (only === undefined) {
    return hash();
  }
  if (leaves.length === 1) {
    return only;
  }
  const k = split(leaves.length);
  return hash([1], rootOfLeaves(leaves.slice(0, k)), rootOfLeaves(leaves.slice(k)));
}

export function inclusionPath(m: number, leaves: readonly Bytes[]): Bytes[] {
  if (leaves.length <= 1) {
    return [];
  }
  const k = split(leaves.length);
  return m < k
    ? [...inclusionPath(m, leaves.slice(0, k)), rootOfLeaves(leaves.slice(k))]
    : [...inclusionPath(m - k, leaves.slice(k)), rootOfLeaves(leaves.slice(0, k))];
}

export function consistencyPath(m: number, leaves: readonly Bytes[], complete = true): Bytes[] {
  if (m === leaves.length) {
    return complete ? [] : [rootOfLeaves(leaves)];
  }
  const k = split(leaves.length);
  return m <= k
    ? [...consistencyPath(m, leaves.slice(0, k), complete), rootOfLeaves(leaves.slice(k))]
    : [...consistencyPath(m - k, leaves.slice(k), false), rootOfLeaves(leaves.slice(0, k))];
}

// --- checkpoints ---------------------------------------------------------------------------------

export interface Signer {
  readonly name: string;
  readonly publicKey: Bytes;
  readonly id: Bytes;
  readonly verifierKey: string;
  sign(message: Bytes): Bytes;
}

export function makeSigner(seed: string, name = origin): Signer {
  const pkcs8 = join(Buffer.from("302e020100300506032b657004220420", "hex"), noise(seed, 32));
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(spki.length - 32));
  const id = hash(utf8(name), [10, 1], publicKey).subarray(0, 4);
  return {
    name, publicKey, id,
    verifierKey: `${name}+${Buffer.from(id).toString("hex")}+${base64(join([1], publicKey))}`,
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

export function signatureLine(signer: Signer, note: string): string {
  return `\u2014 ${signer.name} ${base64(join(signer.id, signer.sign(utf8(note))))}\n`;
}

export function noteOf(size: number, root: Bytes, by = origin): string {
  return `${by}\n${size}\n${base64(root)}\ninstant 2026-11-22T14:00:00.000Z\n`;
}

export function checkpointOf(
  signer: Signer, leaves: readonly Bytes[], size = leaves.length,
): string {
  const note = noteOf(size, rootOfLeaves(leaves.slice(0, size)));
  return `${note}\n${signatureLine(signer, note)}`;
}

// --- export --------------------------------------------------------------------------------------

export type Files = Map<string, Bytes>;

function path(level: number | string, n: number, width: number): string {
  const digits = String(n);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, "0").match(/.../g) ?? [];
  const name = groups.map((group, i) => i < groups.length - 1 ? `x${group}` : group).join("/");
  return `tile/${level}/${name}` + (width < 256 ? `.p/${width}` : "");
}

function inTiles<T>(items: readonly T[], put: (n: number, part: readonly T[]) => void): void {
  for (let n = 0; n * 256 < items.length; n++) {
    put(n, items.slice(n * 256, n * 256 + 256));
  }
}

/** The files of an export, whose own checkpoint is `checkpoint`. */
export function exportOf(entries: readonly Bytes[], checkpoint: string): Files {
  const files: Files = new Map([["checkpoint", utf8(checkpoint)]]);
  inTiles(entries, (n, part) => {
    const bundle = part.map((entry) => join(unsigned(entry.length, 2), entry));
    files.set(path("entries", n, part.length), new Uint8Array(Buffer.concat(bundle)));
  });
  let hashes = entries.map(leaf);
  for (let level = 0; hashes.length > 0; level++) {
    const above: Bytes[] = [];
    inTiles(hashes, (n, part) => {
      files.set(path(level, n, part.length), new Uint8Array(Buffer.concat(part)));
      if (part.length === 256) {
        above.push(rootOfLeaves(part));
      }
    });
    hashes = above;
  }
  return files;
}

export function exportSigned(signer: Signer, entries: readonly Bytes[]): Files {
  return exportOf(entries, checkpointOf(signer, entries.map(leaf)));
}
