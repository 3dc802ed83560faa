import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64 } from "../src/bytes.js";
import {
  isSigned, parseCheckpoint, parseVerifierKey, portableCheck, splitCheckpoints,
} from "../src/checkpoint.js";
import { nodeCheck } from "../src/node.js";
import { flipped } from "./memory.js";
import {
  checkpointOf, hash, join, leaf, makeSigner, noise, noteOf, origin, signatureLine, utf8,
} from "./writer.js";

const signer = makeSigner("key");
const leaves = Array.from({ length: 40 }, (_, i) => leaf(utf8(`entry ${i}`)));
const key = parseVerifierKey(utf8(signer.verifierKey));
assert.ok(key !== undefined);
const checks = [portableCheck, nodeCheck()];

function sound(note: Uint8Array): boolean {
  const checkpoint = parseCheckpoint(note);
  const verdicts = checks.map((check) => checkpoint !== undefined &&
    checkpoint.origin === key?.name && isSigned(checkpoint, key, check));
  assert.equal(verdicts[0], verdicts[1], "both signature checks say the same");
  return verdicts[0] ?? false;
}

test("the example of the C2SP signed-note page", () => {
  const example = parseVerifierKey(
    utf8("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"));
  const signature = fromBase64("Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYj" +
    "OBH3mFXmRKuwHjG1Yu72IneyaQM=");
  assert.ok(example !== undefined && signature !== undefined);
  assert.deepEqual(signature.subarray(0, 4), example.id);
  for (const check of checks) {
    const message = "This is an example message.\n";
    assert.ok(check(example.publicKey, signature.subarray(4), utf8(message)));
    assert.ok(!check(example.publicKey, signature.subarray(4), utf8(message + " ")));
  }
});

test("verifier keys", () => {
  assert.equal(key?.name, origin);
  assert.deepEqual(key?.publicKey, signer.publicKey);
  assert.ok(parseVerifierKey(utf8(`${signer.verifierKey}\n`)) !== undefined);
  const good = utf8(signer.verifierKey);
  for (let at = 0; at < good.length; at++) {
    assert.equal(parseVerifierKey(flipped(good, at)), undefined, `byte ${at}`);
    assert.equal(parseVerifierKey(good.subarray(0, at)), undefined, `length ${at}`);
  }
  assert.equal(parseVerifierKey(join(good, utf8("\n\n"))), undefined);
  const ofKind = (kind: number): Uint8Array => {
    const typed = join([kind], signer.publicKey);
    const id = Buffer.from(hash(utf8(origin), [10], typed).subarray(0, 4)).toString("hex");
    return utf8(`${origin}+${id}+${Buffer.from(typed).toString("base64")}`);
  };
  assert.deepEqual(parseVerifierKey(ofKind(1)), key);
  assert.equal(parseVerifierKey(ofKind(4)), undefined, "a witness's key");
});

test("a checkpoint says origin, size, root and instant", () => {
  const checkpoint = parseCheckpoint(utf8(checkpointOf(signer, leaves, 12)));
  assert.equal(checkpoint?.origin, origin);
  assert.equal(checkpoint?.size, 12);
  assert.equal(checkpoint?.instant, "2026-11-22T14:00:00.000Z");
  assert.equal(checkpoint?.signatures.length, 1);
});

test("a checkpoint with any bit other is unsound", () => {
  const note = utf8(checkpointOf(signer, leaves));
  assert.ok(sound(note));
  for (let at = 0; at < note.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      assert.ok(!sound(flipped(note, at, 1 << bit)), `byte ${at} bit ${bit}`);
    }
    assert.ok(!sound(note.subarray(0, at)), `length ${at}`);
  }
});

test("witnesses' lines are passed over, our own must all hold", () => {
  const note = noteOf(40, noise("root", 32));
  const own = signatureLine(signer, note);
  const witness = signatureLine(makeSigner("witness", "witness.example"), "other text\n");
  const impostor = signatureLine(makeSigner("impostor"), note);
  const wrong = signatureLine(signer, "other text\n");
  const cases: readonly (readonly [string, boolean])[] = [
    [own + witness, true], [witness + own, true], [impostor + own, true],
    [witness, false], [impostor, false], [wrong, false], [own + wrong, false], [wrong + own, false],
    ["", false], [`${own}\n`, false], [`${own}text\n`, false],
    [own.replace("\u2014", "-"), false], [own + "\u2014 witness.example AAAA\n", false],
    [own + witness.repeat(64), false], [own + witness.repeat(63), true],
  ];
  for (const [lines, wanted] of cases) {
    assert.equal(sound(utf8(`${note}\n${lines}`)), wanted, JSON.stringify(lines.slice(0, 300)));
  }
});

test("malformed checkpoints", () => {
  const root = Buffer.from(noise("root", 32)).toString("base64");
  const instant = "instant 2026-11-22T14:00:00Z";
  const texts: readonly (readonly string[])[] = [
    ["", "1", root, instant], [`${origin} x`, "1", root, instant], [origin, "01", root, instant],
    [origin, "-1", root, instant], [origin, "1 ", root, instant],
    [origin, "1", root.slice(0, 40), instant], [origin, "1", `${root}=`, instant],
    [origin, "1", root], [origin, "1", root, instant, instant], [origin, "1", root, "more"],
    [origin, "1", root, "instant 2026-11-22"], [origin, "1", root, "instant 2026-13-22T14:00:00Z"],
    [origin, "1", root, "instant 2026-11-22T14:00:00"],
  ];
  for (const lines of texts) {
    const note = `${lines.join("\n")}\n`;
    assert.ok(!sound(utf8(`${note}\n${signatureLine(signer, note)}`)), note);
  }
});

test("a checkpoint file cut anywhere holds the checkpoints before the cut", () => {
  const parts = [10, 20, 40].map((size) => utf8(checkpointOf(signer, leaves, size)));
  const file = join(...parts);
  const ends = parts.map((_, i) => join(...parts.slice(0, i + 1)).length);
  for (let length = 0; length <= file.length; length++) {
    const found = [...splitCheckpoints(file.subarray(0, length))];
    assert.equal(found.length, ends.filter((end) => end <= length).length, `length ${length}`);
    assert.ok(found.every((bytes, i) => bytes.length === parts[i]?.length));
  }
  assert.ok([...splitCheckpoints(file)].every(sound));
});

test("what only looks torn is not passed over", () => {
  const last = checkpointOf(signer, leaves);
  for (const bad of [last.replace("\u2014", "-"), last.replace("\n\n", "\n"), "nonsense here\n"]) {
    const found = [...splitCheckpoints(utf8(checkpointOf(signer, leaves, 5) + bad))];
    assert.equal(found.length, 2);
    assert.deepEqual(found.map(sound), [true, false]);
  }
});
