// An export that the C++ writer made, in tests/ledger_golden/: the files of an export, and beside
// them `checkpoints` (the checkpoint file) and `verifier_key`. Two readings of one page meet here.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseCheckpoint, parseVerifierKey, verifyExport, type Report } from "../src/index.js";
import { nodeCheck } from "../src/node.js";
import { MemoryStore, flipped, withFile } from "./memory.js";
import type { Files } from "./writer.js";

const folder = fileURLToPath(new URL("../../../../tests/ledger_golden", import.meta.url));
const beside = ["checkpoints", "verifier_key"];
const flipsMax = 1000;
let files: Files = new Map();
let checkpoints: Uint8Array = new Uint8Array(0);
let keyFile: Uint8Array = new Uint8Array(0);

before(async () => {
  checkpoints = new Uint8Array(await readFile(join(folder, "checkpoints")));
  keyFile = new Uint8Array(await readFile(join(folder, "verifier_key")));
  files = await readExport(join(folder, "export"));
});

async function readExport(top: string, under = top): Promise<Files> {
  const found: Files = new Map();
  for (const entry of await readdir(under, { withFileTypes: true })) {
    const path = join(under, entry.name);
    const name = relative(top, path).split(sep).join("/");
    if (entry.isDirectory()) {
      (await readExport(top, path)).forEach((bytes, inside) => found.set(inside, bytes));
    } else if (name === "checkpoint" || name.startsWith("tile/")) {
      found.set(name, new Uint8Array(await readFile(path)));
    } else {
      assert.ok(beside.includes(name) || name.endsWith(".md"), `${name} is no file of an export`);
    }
  }
  return found;
}

async function verify(content: Files, outside = checkpoints): Promise<[string[], Report]> {
  const key = parseVerifierKey(keyFile);
  assert.ok(key !== undefined, "verifier_key is a verifier key");
  const findings: string[] = [];
  const report = await verifyExport({
    store: new MemoryStore(content), key, checkpoints: outside, check: nodeCheck(),
    onFinding: (finding) => findings.push(finding),
  });
  return [findings, report];
}

test("the writer's export is sound, and at least as large as its checkpoint says", async () => {
  const [findings, report] = await verify(files);
  assert.deepEqual(findings, []);
  assert.ok(report.entries > 0);
  assert.ok(report.checkpoints > 1, "the checkpoint file holds checkpoints");
  const own = parseCheckpoint(files.get("checkpoint") ?? new Uint8Array(0));
  assert.ok(own !== undefined && own.size > 0 && own.size <= report.entries);
});

test("bytes of the writer's export matter", async () => {
  let total = 0;
  files.forEach((bytes) => { total += bytes.length; });
  assert.ok(total > 0);
  const step = Math.ceil(total / flipsMax);
  for (const [path, bytes] of files) {
    for (let at = bytes.length - 1; at >= 0; at -= step) {
      const [findings] = await verify(withFile(files, path, flipped(bytes, at, 1 << at % 8)));
      assert.notDeepEqual(findings, [], `${path} byte ${at}`);
    }
  }
});

test("bytes of the writer's checkpoints matter", async () => {
  assert.ok(checkpoints.length > 0);
  const step = Math.ceil(checkpoints.length / flipsMax);
  // Without its last LF a checkpoint file is torn, which is no finding.
  for (let at = checkpoints.length - 2; at >= 0; at -= step) {
    const [findings] = await verify(files, flipped(checkpoints, at, 1 << at % 8));
    assert.notDeepEqual(findings, [], `byte ${at}`);
  }
});

test("no file of the writer's export can be missing", async () => {
  for (const path of files.keys()) {
    assert.notDeepEqual((await verify(withFile(files, path, undefined)))[0], [], path);
  }
});
