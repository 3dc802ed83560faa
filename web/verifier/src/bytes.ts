// Strict readers of bytes and of their texts: base64, hexadecimal, UTF-8, decimal.

import { varintBytesMax } from "./limits.js";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) {
    return false;
  }
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) {
      return false;
    }
  }
  return true;
}

export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text, or undefined when the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += byte.toString(16).padStart(2, "0");
  }
  return text;
}

/** Lower-case digits, two a byte; anything else is undefined. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) {
    return undefined;
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) {
    binary += String.fromCharCode(byte);
  }
  return btoa(binary);
}

/** Standard alphabet, padded, unused bits zero: one text for the same bytes. Else undefined. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    return undefined;
  }
  let binary;
  try {
    binary = atob(text);
  } catch {
    return undefined;
  }
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : undefined;
}

/** A decimal without sign or leading zeros, at most 2^53 - 1. */
export function fromDecimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) {
    return undefined;
  }
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * Reads fields one after the other. Once one could not be read, every further one is empty or zero
 * and `complete` is false: a caller reads all its fields, then asks once.
 */
export class Reader {
  private at = 0;
  private failed = false;

  constructor(private readonly bytes: Uint8Array) {}

  fixed(length: number): Uint8Array {
    if (this.failed || this.bytes.length - this.at < length) {
      this.failed = true;
      return new Uint8Array(0);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8(): number {
    return this.fixed(1)[0] ?? 0;
  }

  u16(): number {
    const field = this.fixed(2);
    return (field[0] ?? 0) * 256 + (field[1] ?? 0);
  }

  /** LEB128, at most 10 bytes and 64 bits. */
  varint(): bigint {
    let value = 0n;
    for (let i = 0; i < varintBytesMax; i++) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) {
        if (value >= 1n << 64n) {
          this.failed = true;
        }
        return this.failed ? 0n : value;
      }
    }
    this.failed = true;
    return 0n;
  }

  /** A varint length, then so many bytes. */
  counted(): Uint8Array {
    const length = this.varint();
    if (length > BigInt(this.bytes.length)) {
      this.failed = true;
      return new Uint8Array(0);
    }
    return this.fixed(Number(length));
  }

  text(): string {
    const text = fromUtf8(this.counted());
    if (text === undefined) {
      this.failed = true;
      return "";
    }
    return text;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Every field was there, and nothing is after them. */
  get complete(): boolean {
    return !this.failed && this.left === 0;
  }
}
