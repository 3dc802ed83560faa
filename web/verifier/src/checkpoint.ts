// Checkpoints (docs/ledger_format.md section 3): C2SP signed-note and tlog-checkpoint.

import { ed25519 } from "@noble/curves/ed25519";
import { equal, fromBase64, fromDecimal, fromHex, fromUtf8, toUtf8 } from "./bytes.js";
import {
  checkpointBytesMax, hashBytes, signatureBytesMax, signatureLinesMax, verifierKeyBytesMax,
} from "./limits.js";
import { hashOf, type Hash } from "./tree.js";

export interface VerifierKey {
  readonly name: string;
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface Signature {
  readonly name: string;
  readonly id: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
  /** FHIR instant. */
  readonly instant: string;
  /** What is signed. */
  readonly text: Uint8Array;
  readonly signatures: readonly Signature[];
}

/** Is `signature` that of `message` by the Ed25519 key? Throws nothing. */
export type SignatureCheck = (
  publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array,
) => boolean;

const lineFeed = 0x0a;
const ed25519Kind = 1;
const keyIdBytes = 4;
const publicKeyBytes = 32;
const ed25519Bytes = 64;
const textLines = 4;
const dash = "\u2014 ";
const dashBytes = toUtf8(dash);
const instantForm = new RegExp("^instant \\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])" +
  "T([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$");

/** In any browser, by a library of its own; with RFC 8032's rules rather than laxer ones. */
export const portableCheck: SignatureCheck = (publicKey, signature, message) => {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
};

function isName(name: string): boolean {
  return name !== "" && !/[\s+\u0000-\u001f\u007f]/u.test(name);
}

/** `<name>+<8 hex digits of key id>+<base64 of 01 and the public key>`, perhaps with a last LF. */
export function parseVerifierKey(file: Uint8Array): VerifierKey | undefined {
  const text = file.length > verifierKeyBytesMax ? undefined : fromUtf8(file);
  const parts = text?.replace(/\n$/, "").split("+");
  const [name, hex, ...rest] = parts ?? [];
  const id = fromHex(hex ?? "");
  // The base64 may hold a + itself.
  const key = fromBase64(rest.join("+"));
  if (name === undefined || !isName(name) || id?.length !== keyIdBytes ||
      key?.length !== 1 + publicKeyBytes || key[0] !== ed25519Kind) {
    return undefined;
  }
  const digest = hashOf(Uint8Array.of(...toUtf8(name), lineFeed, ...key));
  return equal(digest.subarray(0, keyIdBytes), id)
    ? { name, id, publicKey: key.subarray(1) } : undefined;
}

function isTextLine(index: number, line: string): boolean {
  switch (index) {
    case 0: return isName(line);
    case 1: return fromDecimal(line) !== undefined;
    case 2: return fromBase64(line)?.length === hashBytes;
    case 3: return instantForm.test(line);
    default: return index === textLines && line === "";
  }
}

function parseSignature(line: string): Signature | undefined {
  const [name, base64, ...more] = line.slice(dash.length).split(" ");
  const bytes = fromBase64(base64 ?? "");
  if (!line.startsWith(dash) || name === undefined || !isName(name) || more.length > 0 ||
      bytes === undefined || bytes.length <= keyIdBytes || bytes.length > signatureBytesMax) {
    return undefined;
  }
  return { name, id: bytes.subarray(0, keyIdBytes), signature: bytes.subarray(keyIdBytes) };
}

/** The lines, each without its LF; undefined when the last one has none. */
function linesOf(bytes: Uint8Array): string[] | undefined {
  const text = bytes.length > checkpointBytesMax ? undefined : fromUtf8(bytes);
  return text?.endsWith("\n") ? text.slice(0, -1).split("\n") : undefined;
}

export function parseCheckpoint(bytes: Uint8Array): Checkpoint | undefined {
  const lines = linesOf(bytes);
  const head = lines?.slice(0, textLines + 1) ?? [];
  if (lines === undefined || head.length <= textLines ||
      !head.every((line, index) => isTextLine(index, line))) {
    return undefined;
  }
  const signatures: Signature[] = [];
  for (const line of lines.slice(textLines + 1)) {
    const signature = parseSignature(line);
    if (signature === undefined || signatures.length === signatureLinesMax) {
      return undefined;
    }
    signatures.push(signature);
  }
  const [origin = "", size = "", root = "", instant = ""] = head;
  const text = toUtf8(head.slice(0, textLines).join("\n") + "\n");
  return signatures.length === 0 ? undefined : {
    origin, size: fromDecimal(size) ?? 0, root: fromBase64(root) ?? new Uint8Array(0),
    instant: instant.slice("instant ".length), text, signatures,
  };
}

/** Has a signature of the key, and none that fails. Signatures of others are passed over. */
export function isSigned(checkpoint: Checkpoint, key: VerifierKey, check: SignatureCheck): boolean {
  const ours = checkpoint.signatures.filter(
    (line) => line.name === key.name && equal(line.id, key.id));
  return ours.length > 0 && ours.every((line) =>
    line.signature.length === ed25519Bytes &&
    check(key.publicKey, line.signature, checkpoint.text));
}

/** What is left at a file's end begins as a checkpoint does and has no signature line yet. */
function isTorn(rest: Uint8Array): boolean {
  const lines = linesOf(rest);
  return lines !== undefined && lines.every((line, index) => isTextLine(index, line));
}

/**
 * The checkpoints of a checkpoint file: each ends with its last signature line. A torn end, the
 * rest of a write that a power cut stopped, is left out: what follows the last LF, and before it
 * the lines of a checkpoint that has no signature line yet.
 */
export function* splitCheckpoints(file: Uint8Array): Generator<Uint8Array> {
  const end = file.lastIndexOf(lineFeed) + 1;
  let start = 0;
  let signed = false;
  for (let line = 0; line < end; line = file.indexOf(lineFeed, line) + 1) {
    const signature = equal(file.subarray(line, line + dashBytes.length), dashBytes);
    if (signed && !signature) {
      yield file.subarray(start, line);
      start = line;
    }
    signed = signature;
  }
  const rest = file.subarray(start, end);
  if (rest.length > 0 && (signed || !isTorn(rest))) {
    yield rest;
  }
}
