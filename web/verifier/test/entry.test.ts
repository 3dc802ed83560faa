import assert from "node:assert/strict";
import { test } from "node:test";
import { People, parseEntry } from "../src/entry.js";
import { command, hash, join, noise, person, policy, request, utf8 } from "./writer.js";

const samples: readonly (readonly [string, Uint8Array])[] = [
  ["request", request("a", { persons: 2 })],
  ["request", request("b", { principal: 2, subject: "" })],
  ["person", person("a", 1)],
  ["person", person("a", 300, 28 + 512)],
  ["command", command("c")],
  ["policy", policy("allow = []\n")],
];

test("entries of every kind", () => {
  for (const [kind, bytes] of samples) {
    assert.equal(parseEntry(bytes)?.kind, kind);
  }
  const id = Buffer.from(noise("a id", 16)).toString("hex");
  assert.deepEqual(parseEntry(request("a", { persons: 300 })),
    { kind: "request", requestId: id, persons: 300n });
  assert.deepEqual(parseEntry(person("a", 130)), { kind: "person", requestId: id, ordinal: 130n });
});

test("no entry with a byte less or a byte more", () => {
  for (const [kind, bytes] of samples) {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(parseEntry(bytes.subarray(0, length)), undefined, `${kind} ${length}`);
    }
    assert.equal(parseEntry(join(bytes, [0])), undefined, kind);
  }
});

test("malformed entries", () => {
  const malformed: readonly (readonly [string, Uint8Array])[] = [
    ["format 2", join([2], command("c").subarray(1))],
    ["kind 0", join([1, 0], command("c").subarray(2))],
    ["kind 5", join([1, 5], command("c").subarray(2))],
    ["principal kind 0", request("a", { principal: 0 })],
    ["principal kind 5", request("a", { principal: 5 })],
    ["a citizen's subject", request("a", { principal: 2 })],
    ["a request's seal without tag", request("a", { sealed: noise("s", 27) })],
    ["ordinal 0", person("a", 0)],
    ["a person's seal without inside", person("a", 1, 28)],
    ["a person's seal not padded", person("a", 1, 28 + 255)],
    ["details that are no JSON", command("c", "{")],
    ["another policy's digest", policy("x", hash(utf8("y")))],
    ["text that is not UTF-8",
      command("c", "\"\ufffd\"").map((byte) => byte === 0xef ? 0xff : byte)],
    ["a varint of 11 bytes", join([1, 2], noise("i", 16), Array<number>(10).fill(0x80), [1, 0])],
    ["a varint over 64 bits", join([1, 2], noise("i", 16), Array<number>(9).fill(0xff), [2, 0])],
  ];
  for (const [what, bytes] of malformed) {
    assert.equal(parseEntry(bytes), undefined, what);
  }
});

type Steps = readonly (Uint8Array | "gap")[];

function malformedIn(steps: Steps): number[] {
  const found: number[] = [];
  const people = new People((n) => found.push(n));
  steps.forEach((step, n) => {
    if (step === "gap") {
      people.gap();
    } else {
      people.see(n, parseEntry(step));
    }
  });
  people.end();
  return found;
}

test("person entries follow their request at once, in order", () => {
  const r = request("a", { persons: 2 });
  const p = (ordinal: number): Uint8Array => person("a", ordinal);
  const other = person("b", 1);
  const junk = Uint8Array.of(9);
  const cases: readonly (readonly [string, Steps, readonly number[]])[] = [
    ["both", [r, p(1), p(2), command("c")], []],
    ["none wanted", [request("a"), command("c")], []],
    ["end too early", [command("c"), r, p(1)], [1]],
    ["another entry between", [r, p(1), command("c"), p(2)], [0, 3]],
    ["exchanged", [r, p(2), p(1)], [0]],
    ["twice the same", [r, p(1), p(1), p(2)], [0]],
    ["one too many", [r, p(1), p(2), p(3)], [3]],
    ["of another request", [r, p(1), other], [0, 2]],
    ["of no request", [command("c"), p(1)], [1]],
    ["unreadable", [r, junk, p(2)], [0]],
    ["after missing entries", ["gap", p(2), command("c"), p(2)], [3]],
    ["some missing", [r, "gap", p(2), command("c")], []],
    ["next request at once", [r, request("b", { persons: 1 }), other], [0]],
  ];
  for (const [what, steps, wanted] of cases) {
    assert.deepEqual(malformedIn(steps), wanted, what);
  }
});
