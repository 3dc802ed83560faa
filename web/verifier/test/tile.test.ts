import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpStore } from "../src/http.js";
import { listTiles, parseBundle, parseTile, tileName, tilePath, type Listed } from "../src/tile.js";
import { MemoryStore } from "./memory.js";
import { checkpointOf, exportOf, leaf, makeSigner, noise, noteOf, signatureLine, utf8, type Files }
  from "./writer.js";

async function all(listing: AsyncGenerator<Listed>): Promise<Listed[]> {
  const found: Listed[] = [];
  for await (const listed of listing) {
    found.push(listed);
  }
  return found;
}

test("names of tiles", () => {
  const names: readonly (readonly [number, string])[] = [
    [0, "000"], [67, "067"], [999, "999"], [1000, "x001/000"], [1234067, "x001/x234/067"],
    [1000067, "x001/x000/067"], [35184372088831, "x035/x184/x372/x088/831"],
  ];
  for (const [n, name] of names) {
    assert.equal(tileName(n), name);
  }
  assert.equal(tilePath(0, 67, 256), "tile/0/067");
  assert.equal(tilePath("entries", 1234067, 9), "tile/entries/x001/x234/067.p/9");
});

test("a folder's tiles come by number, whatever else is in it", async () => {
  const files: Files = new Map();
  const numbers = [0, 3, 999, 1000, 1001, 2000, 999999, 1000000, 1000067, 2000000, 10 ** 9];
  for (const n of [...numbers].reverse()) {
    files.set(tilePath(0, n, 256), new Uint8Array(0));
  }
  for (const width of [9, 200, 10]) {
    files.set(tilePath(0, 1001, width), new Uint8Array(0));
    files.set(tilePath(0, 2001, width), new Uint8Array(0));
  }
  for (const other of ["tile/0/0000", "tile/0/x000/000", "tile/0/x1/000", "tile/0/abc",
    "tile/0/004.p/0", "tile/0/004.p/256", "tile/0/004.p/07", "tile/0/x003/x", "tile/1/005"]) {
    files.set(other, new Uint8Array(0));
  }
  const listed = await all(listTiles(new MemoryStore(files), "tile/0"));
  const wanted = [...numbers, 2001].sort((a, b) => a - b).map((n) => ({
    n, whole: n !== 2001, partial: n === 1001 || n === 2001 ? [9, 10, 200] : [],
  }));
  assert.deepEqual(listed, wanted);
});

test("over HTTP the size says what an export's folder says", async () => {
  const signer = makeSigner("key");
  for (const size of [0, 1, 255, 256, 257, 600, 65536, 65537, 256 * 1000, 256 * 1001 + 5]) {
    const note = noteOf(size, noise("root", 32));
    const checkpoint = `${note}\n${signatureLine(signer, note)}`;
    const files: Files = new Map();
    for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / 256)) {
      for (let n = 0; n * 256 < count; n++) {
        files.set(tilePath(level, n, Math.min(256, count - n * 256)), new Uint8Array(0));
      }
    }
    const store = await HttpStore.open("http://localhost/", async () => utf8(checkpoint));
    for (let level = 0; level < 4; level++) {
      assert.deepEqual(await all(listTiles(store, `tile/${level}`)),
        await all(listTiles(new MemoryStore(files), `tile/${level}`)), `${size} level ${level}`);
    }
    assert.deepEqual(await store.list("tile/entries"), []);
  }
});

test("the writer's files are where the verifier looks", () => {
  const entries = Array.from({ length: 300 }, (_, i) => utf8(`entry ${i}`));
  const files = exportOf(entries, checkpointOf(makeSigner("key"), entries.map(leaf)));
  assert.deepEqual([...files.keys()].sort(), ["checkpoint", "tile/0/000", "tile/0/001.p/44",
    "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]);
});

test("tiles and entries files of exact length", () => {
  assert.equal(parseTile(noise("tile", 96), 3)?.length, 3);
  assert.equal(parseTile(noise("tile", 95), 3), undefined);
  assert.equal(parseTile(noise("tile", 97), 3), undefined);
  const bundle = Uint8Array.of(0, 1, 65, 0, 0, 0, 2, 66, 67);
  assert.deepEqual(parseBundle(bundle, 3).entries.map((entry) => entry.length), [1, 0, 2]);
  assert.equal(parseBundle(bundle, 3).surplus, false);
  assert.equal(parseBundle(bundle, 2).surplus, true);
  assert.equal(parseBundle(bundle.subarray(0, 8), 3).entries.length, 2);
});
