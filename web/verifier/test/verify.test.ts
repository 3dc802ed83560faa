import assert from "node:assert/strict";
import { test } from "node:test";
import type { Receipt } from "../src/index.js";
import { toHex } from "../src/bytes.js";
import { flipped, run, withFile } from "./memory.js";
import {
  base64, checkpointOf, command, exportOf, exportSigned, hash, join, leaf, makeSigner, noteOf,
  person, policy, request, rootOfLeaves, signatureLine, someEntries, utf8, type Bytes, type Files,
} from "./writer.js";

const signer = makeSigner("key");
const log = someEntries(600);
const small = someEntries(9);
const leavesOf = (entries: readonly Bytes[]): Bytes[] => entries.map(leaf);

function outside(entries: readonly Bytes[], sizes: readonly number[], by = signer): string {
  return sizes.map((size) => checkpointOf(by, leavesOf(entries), size)).join("");
}

async function findings(files: Files, file?: string): Promise<readonly string[]> {
  return (await run(files, signer, file)).findings;
}

function replaced(entries: readonly Bytes[], n: number, entry: Bytes): Bytes[] {
  return entries.map((old, i) => i === n ? entry : old);
}

/** The export of one log with the entries files of another. */
function withEntriesOf(files: Files, others: readonly Bytes[]): Files {
  const copy: Files = new Map([...files].filter(([path]) => !path.startsWith("tile/entries")));
  for (const [path, bytes] of exportOf(others, "")) {
    if (path.startsWith("tile/entries")) {
      copy.set(path, bytes);
    }
  }
  return copy;
}

// --- sound ---------------------------------------------------------------------------------------

test("sound exports of every shape", async () => {
  for (const size of [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 600]) {
    const entries = someEntries(Math.max(size, 1)).slice(0, size);
    const { findings: found, report } = await run(exportSigned(signer, entries), signer);
    assert.deepEqual(found, [], `size ${size}`);
    assert.equal(report.entries, size);
    assert.equal(report.checkpoints, 1);
    assert.equal(base64(report.root ?? hash()), base64(rootOfLeaves(leavesOf(entries))));
  }
});

test("a sound export of three levels, its checkpoints beside it", async () => {
  const entries = Array.from({ length: 65_536 + 257 }, (_, i) => command(String(i)));
  const leaves = leavesOf(entries);
  const file = [0, 65_535, 65_536].map(
    (size) => checkpointOf(signer, leaves, size));
  const files = exportOf(entries, checkpointOf(signer, leaves));
  assert.ok(files.has("tile/2/000.p/1") && files.has("tile/1/001.p/1"));
  const { findings: found, report } = await run(files, signer, file.join(""));
  assert.deepEqual(found, []);
  assert.equal(report.entries, 65_793);
  assert.equal(report.checkpoints, 4);
  for (const [path, wanted] of [
    ["tile/2/000.p/1", "tile-changed 2 0"], ["tile/1/000", "tile-changed 1 0"],
  ] as const) {
    const bytes = files.get(path) ?? hash();
    assert.deepEqual(await findings(withFile(files, path, flipped(bytes, 31))), [wanted]);
  }
  // Entries and level 0 rewritten together: level 1 is named, not level 2, which agrees with it.
  let rewritten = files;
  const forged = exportOf(Array.from({ length: 256 }, (_, i) => command(`forged ${i}`)), "");
  for (const folder of ["tile/0", "tile/entries"]) {
    rewritten = withFile(rewritten, `${folder}/100`, forged.get(`${folder}/000`));
  }
  assert.deepEqual(await findings(rewritten),
    ["tile-changed 1 0", "forked 65793", "rewritten 0 65793"]);
});

test("entries beyond the newest checkpoint are no finding", async () => {
  const files = exportOf(log, checkpointOf(signer, leavesOf(log), 400));
  assert.deepEqual(await findings(files, outside(log, [100, 300])), []);
  assert.equal((await run(files, signer)).report.entries, 600);
});

test("narrower files that agree are no finding, those that don't are", async () => {
  const files = exportSigned(signer, log);
  const tile = files.get("tile/0/000") ?? hash();
  const earlier = exportSigned(signer, log.slice(0, 40));
  const bundle = earlier.get("tile/entries/000.p/40") ?? hash();
  const both = withFile(withFile(files, "tile/0/000.p/40", tile.subarray(0, 40 * 32)),
    "tile/entries/000.p/40", bundle);
  assert.deepEqual(await findings(both), []);
  assert.deepEqual(await findings(withFile(both, "tile/0/000.p/40", flipped(tile, 9)
    .subarray(0, 40 * 32))), ["tile-changed 0 0"]);
  assert.deepEqual(await findings(withFile(both, "tile/0/000.p/40", tile.subarray(0, 39 * 32))),
    ["tile-changed 0 0"]);
  assert.deepEqual(await findings(withFile(both, "tile/entries/000.p/40", flipped(bundle, 30))),
    ["entry-changed 0"]);
  assert.deepEqual(
    await findings(withFile(both, "tile/entries/000.p/40", bundle.subarray(0, bundle.length - 1))),
    ["entry-missing 39"]);
  assert.deepEqual(await findings(withFile(both, "tile/entries/000.p/40", join(bundle, [0]))),
    ["entry-malformed 40"]);
});

// --- each finding of section 6 -------------------------------------------------------------------

const checkpoints = outside(log, [50, 100, 300, 500]);

test("entry-changed, in a whole tile and in the last", async () => {
  const files = exportSigned(signer, log);
  const whole = withEntriesOf(files, replaced(log, 120, command("forged")));
  const found = await findings(whole, checkpoints);
  assert.ok(found.includes("entry-changed 120"));
  assert.ok(!found.some((finding) => finding.startsWith("tile-changed")));
  assert.ok(found.includes("rewritten 100 300"));
  const last = withEntriesOf(files, replaced(log, 599, command("forged")));
  assert.ok((await findings(last)).includes("entry-changed 599"));
});

test("entries and tile both changed are both named", async () => {
  const files = withEntriesOf(exportSigned(signer, log), replaced(log, 9, command("forged")));
  const tile = files.get("tile/0/000") ?? hash();
  const found = await findings(withFile(files, "tile/0/000", flipped(tile, 100 * 32)));
  for (const wanted of ["entry-changed 9", "entry-changed 100", "tile-changed 0 0"]) {
    assert.ok(found.includes(wanted), wanted);
  }
});

test("entries-exchanged, in one tile and across tiles", async () => {
  const commands = Array.from({ length: 600 }, (_, i) => command(String(i)));
  const files = exportSigned(signer, commands);
  for (const [m, n] of [[3, 200], [3, 300], [512, 599]] as const) {
    const swapped = commands.map((entry, i) => commands[i === m ? n : i === n ? m : i] ?? entry);
    const found = await findings(withEntriesOf(files, swapped));
    assert.deepEqual(found, [`forked 600`, `entries-exchanged ${m} ${n}`, "rewritten 0 600"]
      .sort((a, b) => found.indexOf(a) - found.indexOf(b)));
  }
});

test("three entries moved round are changed, not exchanged", async () => {
  const commands = Array.from({ length: 10 }, (_, i) => command(String(i)));
  const moved = [0, 2, 3, 1, 4, 5, 6, 7, 8, 9].map((i) => commands[i] ?? hash());
  const found = await findings(withEntriesOf(exportSigned(signer, commands), moved));
  assert.deepEqual(found.filter((finding) => finding.startsWith("entr")),
    ["entry-changed 1", "entry-changed 2", "entry-changed 3"]);
});

test("entry-malformed, though everything is signed", async () => {
  const cases: readonly (readonly [string, readonly Bytes[], readonly string[]])[] = [
    ["none of section 1", [policy("p"), Uint8Array.of(1, 9)], ["entry-malformed 1"]],
    ["empty", [new Uint8Array(0)], ["entry-malformed 0"]],
    ["person without request", [policy("p"), person("a", 1)], ["entry-malformed 1"]],
    ["person lacking at the end", [request("a", { persons: 2 }), person("a", 1)],
      ["entry-malformed 0"]],
    ["person lacking", [policy("p"), request("a", { persons: 1 }), command("c")],
      ["entry-malformed 1"]],
  ];
  for (const [what, entries, wanted] of cases) {
    assert.deepEqual(await findings(exportSigned(signer, entries)), wanted, what);
  }
});

test("persons are followed from one entries file into the next", async () => {
  const commands = Array.from({ length: 254 }, (_, i) => command(String(i)));
  const split = (ordinals: readonly number[]): Bytes[] => [...commands,
    request("a", { persons: 3 }), ...ordinals.map((ordinal) => person("a", ordinal))];
  assert.deepEqual(await findings(exportSigned(signer, split([1, 2, 3]))), []);
  assert.deepEqual(await findings(exportSigned(signer, split([1, 3, 2]))), ["entry-malformed 254"]);
});

test("entry-missing, at the end and in between", async () => {
  const files = exportSigned(signer, log);
  assert.deepEqual(await findings(withFile(files, "tile/entries/001", undefined)),
    ["entry-missing 256"]);
  assert.deepEqual(await findings(withFile(files, "tile/entries/002.p/88", undefined)),
    ["entry-missing 512", "cut 600 512"]);
  const bundle = files.get("tile/entries/000") ?? hash();
  assert.deepEqual(
    await findings(withFile(files, "tile/entries/000", bundle.subarray(0, bundle.length - 1))),
    ["entry-missing 255"]);
});

test("entry-missing where the checkpoint alone tells", async () => {
  const files = exportOf(log.slice(0, 512), checkpointOf(signer, leavesOf(log)));
  assert.deepEqual(await findings(files), ["entry-missing 512", "cut 600 512"]);
  const fewer = exportOf(log.slice(0, 550), checkpointOf(signer, leavesOf(log)));
  assert.deepEqual(await findings(withFile(fewer, "tile/entries/002.p/38", undefined)),
    ["entry-missing 512", "cut 600 512"]);
  const none = exportOf([], checkpointOf(signer, leavesOf(log)));
  assert.deepEqual(await findings(none), ["entry-missing 0", "cut 600 0"]);
});

test("entries and tile both gone from the middle", async () => {
  let files = exportSigned(signer, log);
  for (const path of ["tile/0/001", "tile/entries/001"]) {
    files = withFile(files, path, undefined);
  }
  const { findings: found, report } = await run(files, signer, checkpoints);
  assert.deepEqual(found, ["entry-missing 256", "tile-changed 0 1"]);
  assert.equal(report.root, undefined);
  assert.equal(report.entries, 600);
  // One entry and its hash: what follows can be held against no checkpoint.
  const bundle = exportSigned(signer, log).get("tile/entries/001") ?? hash();
  files = withFile(files, "tile/entries/001", bundle.subarray(0, bundle.length - 1));
  const one = await run(files, signer, checkpoints);
  assert.deepEqual(one.findings, ["entry-missing 511", "tile-changed 0 1"]);
  assert.equal(one.report.root, undefined);
});

test("tile-changed names the tile, not what is above or below it", async () => {
  const files = exportSigned(signer, log);
  const cases = [["tile/0/000", "tile-changed 0 0"], ["tile/0/001", "tile-changed 0 1"],
    ["tile/1/000.p/2", "tile-changed 1 0"]] as const;
  for (const [path, wanted] of cases) {
    const bytes = files.get(path) ?? hash();
    assert.deepEqual(await findings(withFile(files, path, flipped(bytes, 40))), [wanted]);
    assert.deepEqual(await findings(withFile(files, path, undefined)), [wanted]);
    assert.deepEqual(await findings(withFile(files, path, bytes.subarray(1))), [wanted]);
    assert.deepEqual(await findings(withFile(files, path, join(bytes, [0]))), [wanted]);
  }
});

test("tiles that nothing is below", async () => {
  const files = exportSigned(signer, log);
  const tile = files.get("tile/1/000.p/2") ?? hash();
  assert.deepEqual(await findings(withFile(files, "tile/1/001", hash())), ["tile-changed 1 1"]);
  assert.deepEqual(await findings(withFile(files, "tile/3/000.p/1", hash())), ["tile-changed 3 0"]);
  assert.deepEqual(await findings(withFile(files, "tile/1/000.p/3", join(tile, hash()))),
    ["tile-changed 1 0"]);
});

test("tiles of fewer or more than the entries give", async () => {
  const files = exportSigned(signer, log);
  const renamed = (path: string, width: number, bytes: Bytes): Files =>
    withFile(withFile(files, path, undefined), path.replace(/\d+$/, String(width)), bytes);
  const last = files.get("tile/0/002.p/88") ?? hash();
  const above = files.get("tile/1/000.p/2") ?? hash();
  for (const [damaged, wanted] of [
    [renamed("tile/0/002.p/88", 80, last.subarray(0, 80 * 32)), "tile-changed 0 2"],
    [renamed("tile/0/002.p/88", 89, join(last, hash())), "entry-missing 600"],
    [renamed("tile/1/000.p/2", 1, above.subarray(0, 32)), "tile-changed 1 0"],
  ] as const) {
    assert.deepEqual(await findings(damaged), [wanted]);
  }
});

test("a tile rewritten with its entries, and not the level above", async () => {
  const files = exportSigned(signer, log);
  const forged = exportSigned(signer, replaced(log, 9, command("forged")));
  const found = await findings(withFile(withFile(files, "tile/0/000",
    forged.get("tile/0/000")), "tile/entries/000", forged.get("tile/entries/000")));
  assert.ok(found.includes("tile-changed 1 0"));
  assert.ok(found.includes("forked 600"));
});

test("cut, by every checkpoint beyond the end", async () => {
  const files = exportSigned(signer, log.slice(0, 280));
  assert.deepEqual(await findings(files, checkpoints), ["cut 300 280", "cut 500 280"]);
  const twice = outside(log, [500, 500]);
  assert.deepEqual(await findings(files, twice), ["cut 500 280"]);
});

test("forked and rewritten: the writer's own key rewrote the past", async () => {
  const commands = Array.from({ length: 600 }, (_, i) => command(String(i)));
  const kept = outside(commands, [50, 100, 300, 500]);
  const rewrite = (n: number): Files =>
    exportSigned(signer, replaced(commands, n, command("forged")));
  assert.deepEqual(await findings(rewrite(120)), [], "nobody can tell without a checkpoint");
  assert.deepEqual(await findings(rewrite(120), kept),
    ["forked 300", "forked 500", "rewritten 100 300"]);
  assert.deepEqual(await findings(rewrite(0), kept),
    ["forked 50", "forked 100", "forked 300", "forked 500", "rewritten 0 50"]);
  assert.deepEqual(await findings(rewrite(500), kept), [], "after the last checkpoint");
});

test("forked: two roots signed for one size", async () => {
  const forged = replaced(log, 0, command("forged"));
  const [here, there] = [outside(log, [100]), outside(forged, [100])];
  for (const file of [here + there, there + here]) {
    assert.deepEqual(await findings(exportSigned(signer, log), outside(log, [50]) + file),
      ["checkpoint-order 2", "forked 100", "rewritten 50 100"]);
  }
});

test("checkpoints in no order are all held against the entries", async () => {
  const forged = outside(replaced(log, 0, command("forged")), [100]);
  assert.deepEqual(await findings(exportSigned(signer, log), outside(log, [300, 50]) + forged),
    ["checkpoint-order 1", "forked 100", "rewritten 50 100"]);
});

test("checkpoint-signature, -order and -malformed by their number", async () => {
  const files = exportSigned(signer, log);
  const impostor = makeSigner("impostor");
  const at = (size: number): string => outside(log, [size]);
  const elsewhere = noteOf(60, rootOfLeaves(leavesOf(log.slice(0, 60))), "other.example/ledger");
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    [at(50) + at(50), []],
    [at(50) + outside(log, [60], impostor) + at(70), ["checkpoint-signature 1"]],
    [at(50) + outside(log, [10], impostor) + at(70), ["checkpoint-signature 1"]],
    [at(50) + at(49) + at(70) + at(60), ["checkpoint-order 1", "checkpoint-order 3"]],
    [at(50) + at(60).replace(/\n60\n/, "\n060\n") + at(70), ["checkpoint-malformed 1"]],
    [at(50) + `${elsewhere}\n${signatureLine(signer, elsewhere)}` + at(70),
      ["checkpoint-malformed 1"]],
    [at(50) + at(60).slice(0, 40), []],
  ];
  for (const [file, wanted] of cases) {
    assert.deepEqual(await findings(files, file), wanted, file);
  }
  assert.equal((await run(files, signer, at(50) + at(60))).report.checkpoints, 3);
});

test("the export's own checkpoint is numbered after the others", async () => {
  const files = exportSigned(signer, log);
  for (const [own, wanted] of [
    [undefined, "checkpoint-malformed 2"],
    [utf8(outside(log, [600], makeSigner("impostor"))), "checkpoint-signature 2"],
    [utf8(outside(log, [600]).slice(0, -1)), "checkpoint-malformed 2"],
  ] as const) {
    assert.deepEqual(
      await findings(withFile(files, "checkpoint", own), outside(log, [50, 100])), [wanted]);
  }
  const older = withFile(files, "checkpoint", utf8(outside(log, [80])));
  assert.deepEqual(await findings(older, outside(log, [50, 100])), []);
});

test("a checkpoint whose key signs what is not so", async () => {
  const note = noteOf(0, hash(utf8("not empty")));
  const files = exportSigned(signer, log);
  assert.deepEqual(await findings(files, `${note}\n${signatureLine(signer, note)}`),
    ["forked 0", "rewritten 0 0"]);
});

test("receipts against an export", async () => {
  const files = exportSigned(signer, log);
  const number = 1;
  const requestId = toHex(log[number]?.subarray(2, 18) ?? hash());
  const other = requestId.replace(/^../, "zz");
  const broken = async (receipts: readonly Receipt[]): Promise<readonly string[]> =>
    (await run(files, signer, "", receipts)).findings;
  assert.deepEqual(await broken([{ number, requestId }, { number, requestId }]), []);
  assert.deepEqual(await broken([{ number, requestId }, { number, requestId: other }]),
    ["receipt-broken 1"]);
  for (const elsewhere of [0, 2, 599, 600, 10 ** 9]) {
    assert.deepEqual(await broken([{ number: elsewhere, requestId }]),
      [`receipt-broken ${elsewhere}`]);
  }
});

test("an export that claims to be endless is left after so many findings", async () => {
  const files = withFile(exportSigned(signer, log), "tile/entries/x900/x000/000", hash());
  assert.equal((await run(files, signer)).report.findings, 100_000);
});

// --- damage --------------------------------------------------------------------------------------

test("every bit of every file of a small export matters", async () => {
  const files = exportSigned(signer, small);
  for (const [path, bytes] of files) {
    for (let at = 0; at < bytes.length; at++) {
      const damaged = withFile(files, path, flipped(bytes, at, 1 << at % 8));
      assert.notDeepEqual(await findings(damaged), [], `${path} byte ${at}`);
    }
  }
});

test("bytes of an export of several tiles matter", async () => {
  const files = exportSigned(signer, log);
  for (const [path, bytes] of files) {
    const step = path.includes("entries") ? 1499 : 211;
    for (let at = bytes.length - 1; at >= 0; at -= step) {
      const damaged = withFile(files, path, flipped(bytes, at, 1 << at % 8));
      assert.notDeepEqual(await findings(damaged), [], `${path} byte ${at}`);
    }
  }
});

test("every file removed, cut or lengthened is found", async () => {
  for (const [entries, step] of [[small, 1], [log, 997]] as const) {
    const files = exportSigned(signer, entries);
    for (const [path, bytes] of files) {
      assert.notDeepEqual(await findings(withFile(files, path, undefined)), [], path);
      for (let length = 0; length < bytes.length; length += step) {
        const damaged = withFile(files, path, bytes.subarray(0, length));
        assert.notDeepEqual(await findings(damaged), [], `${path} length ${length}`);
      }
      assert.notDeepEqual(await findings(withFile(files, path, join(bytes, [0]))), [], path);
    }
  }
});

test("files that changed places are found", async () => {
  const files = exportSigned(signer, log);
  const paths = [...files.keys()];
  for (const one of paths) {
    for (const other of paths.filter((path) => path > one)) {
      const damaged = withFile(withFile(files, one, files.get(other)), other, files.get(one));
      assert.notDeepEqual(await findings(damaged), [], `${one} ${other}`);
    }
  }
  const swapped = withFile(withFile(files, "tile/entries/000", files.get("tile/entries/001")),
    "tile/entries/001", files.get("tile/entries/000"));
  assert.equal((await findings(swapped))
    .filter((finding) => finding.startsWith("entries-exchanged")).length, 256);
});

test("every entry rewritten under a checkpoint is found, whoever signs", async () => {
  const kept = outside(small, [small.length]);
  for (let n = 0; n < small.length; n++) {
    const forged = exportSigned(signer, replaced(small, n, command(`forged ${n}`)));
    assert.ok((await findings(forged, kept)).includes(`forked ${small.length}`), `entry ${n}`);
  }
});
