import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseReceipt, parseVerifierKey, verifyReceipt, type Earlier, type ReceiptOptions,
} from "../src/index.js";
import { flipped } from "./memory.js";
import {
  base64, checkpointOf, command, consistencyPath, inclusionPath, leaf, makeSigner, noise,
  someEntries, utf8,
} from "./writer.js";

const signer = makeSigner("key");
const found = parseVerifierKey(utf8(signer.verifierKey));
assert.ok(found !== undefined);
const key = found;
const leaves = someEntries(300).map(leaf);
const forgedLeaves = leaves.map((hash, i) => i === 50 ? leaf(command("forged")) : hash);
const receipt = "1-000102030405060708090a0b0c0d0e0f";

function proof(number: number, changes: Record<string, unknown> = {}): Uint8Array {
  return utf8(JSON.stringify({
    receipt: `${number}${receipt.slice(1)}`, number, leaf: base64(leaves[number] ?? noise("", 0)),
    checkpoint: checkpointOf(signer, leaves), path: inclusionPath(number, leaves).map(base64),
    ...changes,
  }));
}

function findings(body: Uint8Array, more: Partial<ReceiptOptions> = {}): readonly string[] {
  return verifyReceipt({ receipt, proof: body, key, ...more }).findings;
}

function earlier(
  from: number, old = leaves, path = consistencyPath(from, leaves), names = { from, to: 300 },
): Earlier {
  return {
    checkpoint: utf8(checkpointOf(signer, old, from)),
    consistency: utf8(JSON.stringify({ ...names, path: path.map(base64) })),
  };
}

test("receipts", () => {
  assert.deepEqual(parseReceipt(receipt),
    { number: 1, requestId: "000102030405060708090a0b0c0d0e0f" });
  for (const bad of ["", "1", "1-", "01-" + "0".repeat(32), "1-" + "0".repeat(31),
    "1-" + "0".repeat(33), "1-" + "A".repeat(32), "-1-" + "0".repeat(32),
    "9007199254740992-" + "0".repeat(32), ` ${receipt}`, `${receipt}\n`]) {
    assert.equal(parseReceipt(bad), undefined, bad);
  }
});

test("the proof of any entry holds", () => {
  for (let n = 0; n < leaves.length; n += 13) {
    const report = verifyReceipt({ receipt: `${n}${receipt.slice(1)}`, proof: proof(n), key });
    assert.deepEqual(report.findings, [], `entry ${n}`);
    assert.equal(report.checkpoint?.size, 300);
  }
});

test("malformed proofs, and those of another receipt", () => {
  const path = inclusionPath(1, leaves).map(base64);
  const changes: readonly Record<string, unknown>[] = [
    { receipt: `2${receipt.slice(1)}` }, { receipt: receipt.replace("0f", "0e") }, { number: 2 },
    { number: "1" }, { leaf: base64(noise("leaf", 31)) }, { leaf: 1 }, { leaf: undefined },
    { path: "AAAA" }, { path: [...path, 1] }, { path: [...path, "AAAA"] },
    { path: Array(200).fill(path[0]) }, { checkpoint: undefined }, { checkpoint: {} },
  ];
  for (const change of changes) {
    assert.deepEqual(findings(proof(1, change)), ["proof-malformed"], JSON.stringify(change));
  }
  for (const body of ["", "[]", "null", "1", "{", "{}", `"${receipt}"`]) {
    assert.deepEqual(findings(utf8(body)), ["proof-malformed"], body);
  }
  assert.deepEqual(findings(proof(2)), ["proof-malformed"], "of entry 2");
  assert.deepEqual(findings(proof(1), { receipt: "1" }), ["proof-malformed"]);
});

test("forged proofs", () => {
  const path = inclusionPath(1, leaves);
  const other = checkpointOf(signer, forgedLeaves);
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ leaf: base64(leaves[2] ?? noise("", 0)) }, "proof-wrong 1"],
    [{ path: path.slice(1).map(base64) }, "proof-wrong 1"],
    [{ path: [...path, noise("more", 32)].map(base64) }, "proof-wrong 1"],
    [{ path: [] }, "proof-wrong 1"],
    [{ checkpoint: other }, "proof-wrong 1"],
    [{ checkpoint: checkpointOf(signer, leaves, 299) }, "proof-wrong 1"],
    [{ checkpoint: checkpointOf(signer, leaves, 1) }, "proof-wrong 1"],
    [{ checkpoint: checkpointOf(makeSigner("impostor"), leaves) }, "checkpoint-signature 0"],
    [{ checkpoint: other.replace("\n300\n", "\n301\n") }, "checkpoint-signature 0"],
    [{ checkpoint: "" }, "checkpoint-malformed 0"],
  ];
  for (const [change, wanted] of cases) {
    assert.deepEqual(findings(proof(1, change)), [wanted]);
  }
});

test("no byte of a proof can change and the proof still hold", () => {
  const body = proof(1);
  for (let at = 0; at < body.length; at++) {
    assert.notDeepEqual(findings(flipped(body, at, 1 << at % 7)), [], `byte ${at}`);
  }
});

test("an earlier checkpoint that the ledger extends, and one that it doesn't", () => {
  for (const from of [1, 2, 51, 128, 256, 299, 300]) {
    assert.deepEqual(findings(proof(1), { earlier: earlier(from) }), [], `from ${from}`);
    if (from > 50) {
      const forked = earlier(from, forgedLeaves);
      assert.deepEqual(findings(proof(1), { earlier: forked }), [`forked ${from}`]);
    }
  }
  assert.deepEqual(findings(proof(1), { earlier: earlier(0, leaves, []) }), []);
  const unproven = earlier(128, leaves, []);
  assert.deepEqual(findings(proof(1), { earlier: unproven }), ["forked 128"]);
  const ofOthers = earlier(128, leaves, consistencyPath(128, leaves), { from: 127, to: 300 });
  assert.deepEqual(findings(proof(1), { earlier: ofOthers }), ["proof-malformed"]);
  const malformed = { ...earlier(128), consistency: utf8("{}") };
  assert.deepEqual(findings(proof(1), { earlier: malformed }), ["proof-malformed"]);
  const unsigned = { ...earlier(128), checkpoint: utf8(checkpointOf(makeSigner("x"), leaves)) };
  assert.deepEqual(findings(proof(1), { earlier: unsigned }), ["checkpoint-signature 1"]);
  const shrunk = proof(1, {
    checkpoint: checkpointOf(signer, leaves, 200),
    path: inclusionPath(1, leaves.slice(0, 200)).map(base64),
  });
  assert.deepEqual(findings(shrunk, { earlier: earlier(300) }), ["cut 300 200"]);
});
