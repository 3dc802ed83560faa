import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Reader, fromBase64, fromDecimal, fromHex, fromUtf8, toBase64, toHex,
} from "../src/bytes.js";
import { join, noise, varint } from "./writer.js";

test("base64 is one text for the same bytes", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = noise("base64", length);
    assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
    assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  }
  for (const bad of ["A", "AA", "AAA", "AA=", "AB==", "AAB=", "AA==\n", " AAAA", "AA-_", "A===",
    "AA==AAAA", "===="]) {
    assert.equal(fromBase64(bad), undefined, bad);
  }
});

test("hexadecimal, decimal, UTF-8", () => {
  assert.equal(toHex(Uint8Array.of(0, 0x1f, 0xff)), "001fff");
  assert.deepEqual(fromHex("001fff"), Uint8Array.of(0, 0x1f, 0xff));
  for (const bad of ["0", "0G", "AB", "0x"]) {
    assert.equal(fromHex(bad), undefined, bad);
  }
  assert.equal(fromDecimal("0"), 0);
  assert.equal(fromDecimal("9007199254740991"), 2 ** 53 - 1);
  for (const bad of ["", "00", "01", "-1", "+1", "1.0", "1e3", " 1", "9007199254740992",
    "18446744073709551615"]) {
    assert.equal(fromDecimal(bad), undefined, bad);
  }
  assert.equal(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), "\ufeffA");
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x80]]) {
    assert.equal(fromUtf8(Uint8Array.from(bad)), undefined);
  }
});

test("varints", () => {
  for (const value of [0, 1, 127, 128, 300, 2 ** 32, 2 ** 53 - 1]) {
    assert.equal(new Reader(varint(value)).varint(), BigInt(value));
  }
  const largest = new Reader(join(Array<number>(9).fill(0xff), [1]));
  assert.equal(largest.varint(), 2n ** 64n - 1n);
  assert.ok(largest.complete);
});

test("a reader that failed reads nothing more", () => {
  const reader = new Reader(Uint8Array.of(1, 2, 3));
  assert.equal(reader.u8(), 1);
  assert.equal(reader.fixed(3).length, 0);
  assert.equal(reader.u8(), 0);
  assert.equal(reader.counted().length, 0);
  assert.ok(!reader.complete);
  const longer = new Reader(join(varint(2 ** 40), [0]));
  assert.equal(longer.counted().length, 0);
  assert.ok(!longer.complete);
});
