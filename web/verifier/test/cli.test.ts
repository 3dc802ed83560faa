import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { flipped, withFile } from "./memory.js";
import {
  base64, checkpointOf, consistencyPath, exportSigned, hash, inclusionPath, leaf, makeSigner,
  rootOfLeaves, someEntries, type Files,
} from "./writer.js";

const program = fileURLToPath(new URL("../../verify-ledger", import.meta.url));
const signer = makeSigner("key");
const entries = someEntries(600);
const leaves = entries.map(leaf);
const files = exportSigned(signer, entries);
const root = base64(rootOfLeaves(leaves));
const token = "a-token";
let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "verify-ledger-"));
  await write("key", `${signer.verifierKey}\n`);
  await write("other", `${makeSigner("impostor").verifierKey}\n`);
  await write("token", `${token}\n`);
  await write("checkpoints", [100, 300].map((size) => checkpointOf(signer, leaves, size)).join(""));
  await writeExport("sound", files);
});

after(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), content);
}

async function writeExport(name: string, content: Files): Promise<void> {
  for (const [path, bytes] of content) {
    await write(join(name, path), bytes);
  }
}

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

function verifyLedger(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder });
    let [out, errors] = ["", ""];
    child.stdout.on("data", (part: Buffer) => { out += part.toString(); });
    child.stderr.on("data", (part: Buffer) => { errors += part.toString(); });
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, lines: out.split("\n").slice(0, -1), errors });
    });
  });
}

test("a sound export", async () => {
  const bare = await verifyLedger("sound", "--key", "key");
  assert.deepEqual(bare.lines, [`verified 600 entries, root ${root}, 1 checkpoints`]);
  assert.equal(bare.code, 0);
  const all = await verifyLedger("sound", "--key", "key", "--checkpoints", "checkpoints");
  assert.deepEqual(all.lines, [`verified 600 entries, root ${root}, 3 checkpoints`]);
  assert.equal(all.code, 0);
});

test("findings, one a line", async () => {
  const tile = files.get("tile/0/001") ?? hash();
  await writeExport("changed", withFile(files, "tile/0/001", flipped(tile, 5)));
  const one = await verifyLedger("changed", "--key", "key", "--checkpoints", "checkpoints");
  assert.deepEqual(one.lines, ["tile-changed 0 1", "1 finding"]);
  assert.equal(one.code, 1);
  const many = await verifyLedger("changed", "--key", "other", "--checkpoints", "checkpoints");
  assert.deepEqual(many.lines, ["checkpoint-signature 0", "checkpoint-signature 1",
    "checkpoint-signature 2", "tile-changed 0 1", "4 findings"]);
  assert.equal(many.code, 1);
});

test("receipts", async () => {
  const receipt = `7-${"0a".repeat(16)}`;
  const proof = {
    receipt, number: 7, leaf: base64(leaves[7] ?? hash()), checkpoint: checkpointOf(signer, leaves),
    path: inclusionPath(7, leaves).map(base64),
  };
  await write("proof", JSON.stringify(proof));
  await write("forged", JSON.stringify({ ...proof, leaf: base64(hash()) }));
  await write("earlier", checkpointOf(signer, leaves, 90));
  await write("consistency", JSON.stringify({
    from: 90, to: 600, path: consistencyPath(90, leaves).map(base64),
  }));
  const args = ["--receipt", receipt, "--key", "key"];
  const sound = await verifyLedger("--proof", "proof", ...args);
  assert.deepEqual(sound.lines,
    [`verified ${receipt} in the ledger of 600 entries of 2026-11-22T14:00:00.000Z`]);
  assert.equal(sound.code, 0);
  const since = ["--earlier", "earlier", "--consistency", "consistency"];
  assert.equal((await verifyLedger("--proof", "proof", ...args, ...since)).code, 0);
  const forged = await verifyLedger("--proof", "forged", ...args, ...since);
  assert.deepEqual(forged.lines, ["proof-wrong 7", "1 finding"]);
  assert.equal(forged.code, 1);
});

test("what is no way to call it ends with 2 and prints nothing that sounds verified", async () => {
  const wrong: readonly (readonly string[])[] = [
    [], ["sound"], ["sound", "--key"], ["--key", "key"], ["sound", "sound", "--key", "key"],
    ["sound", "--key", "key", "--unknown"], ["sound", "--key", "key", "--proof", "proof"],
    ["sound", "--key", "key", "--token-file", "token"], ["--proof", "proof", "--key", "key"],
    ["--proof", "proof", "--receipt", "1", "--key", "key", "--earlier", "earlier"],
    ["sound", "--key", "nowhere"], ["sound", "--key", "checkpoints"], ["nowhere", "--key", "key"],
    ["sound", "--key", "key", "--checkpoints", "nowhere"],
    ["--url", "http://example.invalid", "--key", "key"], ["--url", "nonsense", "--key", "key"],
    ["--url", "http://127.0.0.1:1", "--key", "key"],
  ];
  for (const args of wrong) {
    const ended = await verifyLedger(...args);
    assert.equal(ended.code, 2, args.join(" "));
    assert.deepEqual(ended.lines, [], args.join(" "));
    assert.notEqual(ended.errors, "", args.join(" "));
  }
});

/** Serves an export's checkpoint and hash tiles, to those who bring the token. */
async function serve(content: Files): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/^\/ledger\//, "");
    const bytes = path.startsWith("tile/entries") ? undefined : content.get(path);
    const known = request.headers.authorization === `Bearer ${token}`;
    response.statusCode = !known ? 401 : bytes === undefined ? 404 : 200;
    response.end(known ? bytes : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

test("hash tiles over HTTP", async () => {
  const tile = files.get("tile/0/001") ?? hash();
  for (const [content, lines] of [
    [files, [`verified 600 hashes, root ${root}, 3 checkpoints`]],
    [withFile(files, "tile/1/000.p/2", undefined), ["tile-changed 1 0", "1 finding"]],
    [withFile(files, "tile/0/001", flipped(tile, 5)),
      ["forked 300", "forked 600", "tile-changed 1 0", "rewritten 100 300", "4 findings"]],
    [withFile(files, "tile/0/002.p/88", undefined),
      ["tile-changed 0 2", "cut 600 512", "2 findings"]],
  ] as const) {
    const server = await serve(content);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ["--url", url, "--key", "key", "--checkpoints", "checkpoints"];
    const ended = await verifyLedger(...args, "--token-file", "token");
    assert.deepEqual(ended.lines, lines);
    assert.equal(ended.code, lines.length === 1 ? 0 : 1);
    const unknown = await verifyLedger(...args);
    assert.equal(unknown.code, 2);
    assert.match(unknown.errors, /answered 401/);
    await new Promise((resolve) => server.close(resolve));
  }
});
