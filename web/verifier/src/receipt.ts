// Verifies what `/ledger/proof` says (docs/ledger_format.md section 5): that the entry of a receipt
// is in the ledger of a signed checkpoint, and that this ledger extends an older checkpoint's.

import { fromBase64, fromDecimal, fromUtf8, toUtf8 } from "./bytes.js";
import {
  isSigned, parseCheckpoint, portableCheck, type Checkpoint, type SignatureCheck,
  type VerifierKey,
} from "./checkpoint.js";
import { hashBytes, proofBytesMax, proofPathMax, receiptCharsMax } from "./limits.js";
import { verifyConsistency, verifyInclusion, type Hash } from "./tree.js";

export interface Receipt {
  readonly number: number;
  /** Hexadecimal digits. */
  readonly requestId: string;
}

/** A checkpoint kept from an earlier day, and `/ledger/proof?from=M&to=N`. */
export interface Earlier {
  readonly checkpoint: Uint8Array;
  readonly consistency: Uint8Array;
}

export interface ReceiptOptions {
  readonly receipt: string;
  /** The body of `/ledger/proof?receipt=R`. */
  readonly proof: Uint8Array;
  readonly key: VerifierKey;
  readonly earlier?: Earlier;
  readonly check?: SignatureCheck;
}

export interface ReceiptReport {
  /** With the texts of section 6; none: the receipt's entry is in the checkpoint's tree. */
  readonly findings: readonly string[];
  readonly checkpoint: Checkpoint | undefined;
}

/** `<number>-<request id, 32 hexadecimal digits>` */
export function parseReceipt(text: string): Receipt | undefined {
  const match = text.length > receiptCharsMax ? null : /^(\d+)-([0-9a-f]{32})$/.exec(text);
  const number = fromDecimal(match?.[1] ?? "");
  const requestId = match?.[2];
  return number === undefined || requestId === undefined ? undefined : { number, requestId };
}

type Fields = Readonly<Record<string, unknown>>;

function parseFields(body: Uint8Array): Fields {
  const text = body.length > proofBytesMax ? undefined : fromUtf8(body);
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? value as Fields : {};
  } catch {
    return {};
  }
}

function parseHash(value: unknown): Hash | undefined {
  const hash = typeof value === "string" ? fromBase64(value) : undefined;
  return hash?.length === hashBytes ? hash : undefined;
}

function parsePath(value: unknown): Hash[] | undefined {
  if (!Array.isArray(value) || value.length > proofPathMax) {
    return undefined;
  }
  const path: Hash[] = [];
  for (const item of value) {
    const hash = parseHash(item);
    if (hash === undefined) {
      return undefined;
    }
    path.push(hash);
  }
  return path;
}

export function verifyReceipt(options: ReceiptOptions): ReceiptReport {
  const findings: string[] = [];
  const receipt = parseReceipt(options.receipt);
  const fields = parseFields(options.proof);
  const leaf = parseHash(fields["leaf"]);
  const path = parsePath(fields["path"]);
  const note = fields["checkpoint"];
  if (receipt === undefined || fields["receipt"] !== options.receipt ||
      fields["number"] !== receipt.number || leaf === undefined || path === undefined ||
      typeof note !== "string") {
    return { findings: ["proof-malformed"], checkpoint: undefined };
  }
  const checkpoint = openCheckpoint(toUtf8(note), 0, options, findings);
  if (checkpoint === undefined) {
    return { findings, checkpoint };
  }
  if (!verifyInclusion(receipt.number, checkpoint.size, leaf, path, checkpoint.root)) {
    findings.push(`proof-wrong ${receipt.number}`);
  }
  if (options.earlier !== undefined) {
    compareWithEarlier(options.earlier, checkpoint, options, findings);
  }
  return { findings, checkpoint };
}

function openCheckpoint(
  bytes: Uint8Array, i: number, options: ReceiptOptions, findings: string[],
): Checkpoint | undefined {
  const checkpoint = parseCheckpoint(bytes);
  if (checkpoint === undefined || checkpoint.origin !== options.key.name) {
    findings.push(`checkpoint-malformed ${i}`);
    return undefined;
  }
  if (!isSigned(checkpoint, options.key, options.check ?? portableCheck)) {
    findings.push(`checkpoint-signature ${i}`);
    return undefined;
  }
  return checkpoint;
}

function compareWithEarlier(
  earlier: Earlier, now: Checkpoint, options: ReceiptOptions, findings: string[],
): void {
  const then = openCheckpoint(earlier.checkpoint, 1, options, findings);
  if (then === undefined) {
    return;
  }
  if (then.size > now.size) {
    findings.push(`cut ${then.size} ${now.size}`);
    return;
  }
  const fields = parseFields(earlier.consistency);
  const path = parsePath(fields["path"]);
  if (fields["from"] !== then.size || fields["to"] !== now.size || path === undefined) {
    findings.push("proof-malformed");
  } else if (!verifyConsistency(then.size, now.size, then.root, now.root, path)) {
    findings.push(`forked ${then.size}`);
  }
}
