import assert from "node:assert/strict";
import { test } from "node:test";
import { Tree, leafHash, verifyConsistency, verifyInclusion, type Hash } from "../src/tree.js";
import { consistencyPath, inclusionPath, leaf, noise, rootOfLeaves, utf8 } from "./writer.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function flip(hash: Hash): Hash {
  return Uint8Array.from(hash, (byte, i) => i === 17 ? byte ^ 4 : byte);
}

// The eight leaves and roots with which implementations of certificate transparency are tested.
const knownLeaves = [
  "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const knownRoots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

test("known roots of known leaves", () => {
  const tree = new Tree();
  assert.equal(hex(tree.root()), knownRoots[0]);
  knownLeaves.forEach((entry, i) => {
    tree.push(leafHash(new Uint8Array(Buffer.from(entry, "hex"))));
    assert.equal(hex(tree.root()), knownRoots[i + 1]);
  });
});

const leaves = Array.from({ length: 600 }, (_, i) => leaf(utf8(`entry ${i}`)));
const roots = Array.from({ length: 601 }, (_, size) => rootOfLeaves(leaves.slice(0, size)));
const rootAt = (size: number): Hash => roots[size] ?? new Uint8Array(0);

test("the tree that grows is the tree by recursion, sizes 0 to 600", () => {
  const tree = new Tree();
  for (let size = 0; size <= 600; size++) {
    assert.equal(tree.size, size);
    assert.equal(hex(tree.root()), hex(rootAt(size)));
    tree.push(leaves[size] ?? new Uint8Array(32));
  }
});

const sizes = [...Array.from({ length: 34 }, (_, i) => i), 255, 256, 257, 511, 512, 513, 600];

test("inclusion proofs hold, and any other is refused", () => {
  for (const size of sizes) {
    const step = size < 40 ? 1 : 37;
    for (let n = 0; n < size; n += step) {
      const path = inclusionPath(n, leaves.slice(0, size));
      const own = leaves[n] ?? new Uint8Array(0);
      const root = rootAt(size);
      const where = `${n} of ${size}`;
      assert.ok(verifyInclusion(n, size, own, path, root), where);
      assert.ok(!verifyInclusion(n, size, flip(own), path, root), where);
      assert.ok(!verifyInclusion(n, size, own, path, flip(root)), where);
      assert.ok(!verifyInclusion(n, size, own, [...path, noise("more", 32)], root), where);
      assert.ok(!verifyInclusion(size, size, own, path, root), where);
      assert.ok(!verifyInclusion(-1, size, own, path, root), where);
      assert.ok(!verifyInclusion(n + 0.5, size, own, path, root), where);
      for (let i = 0; i < path.length; i++) {
        const forged = path.map((hash, at) => at === i ? flip(hash) : hash);
        assert.ok(!verifyInclusion(n, size, own, forged, root), where);
        assert.ok(!verifyInclusion(n, size, own, path.filter((_, at) => at !== i), root), where);
      }
      for (let other = 0; other < size; other += step) {
        assert.equal(verifyInclusion(other, size, own, path, root), other === n, where);
      }
    }
  }
});

test("consistency proofs hold, and any other is refused", () => {
  for (const to of sizes) {
    for (const from of sizes.filter((size) => size <= to)) {
      const path = from === 0 ? [] : consistencyPath(from, leaves.slice(0, to));
      const [older, newer] = [rootAt(from), rootAt(to)];
      const where = `${from} to ${to}`;
      assert.ok(verifyConsistency(from, to, older, newer, path), where);
      assert.ok(!verifyConsistency(from, to, flip(older), newer, path), where);
      assert.equal(verifyConsistency(from, to, older, flip(newer), path),
        from === 0 && to > 0, where);
      assert.ok(!verifyConsistency(from, to, older, newer, [...path, noise("more", 32)]), where);
      for (let i = 0; i < path.length; i++) {
        const forged = path.map((hash, at) => at === i ? flip(hash) : hash);
        assert.ok(!verifyConsistency(from, to, older, newer, forged), where);
        assert.ok(!verifyConsistency(from, to, older, newer, path.slice(0, i)), where);
      }
      if (from < to) {
        assert.ok(!verifyConsistency(to, from, newer, older, path), where);
      }
    }
  }
});

test("a tree of 2^52 entries is not beyond the arithmetic", () => {
  const size = 2 ** 52;
  const own = noise("leaf", 32);
  const path = Array.from({ length: 52 }, (_, i) => noise(`sibling ${i}`, 32));
  let root = own;
  // Leaf 2^51: right child at the last step only.
  const tree = (left: Hash, right: Hash): Hash => rootOfLeaves([left, right]);
  path.forEach((sibling, i) => {
    root = i === 51 ? tree(sibling, root) : tree(root, sibling);
  });
  assert.ok(verifyInclusion(2 ** 51, size, own, path, root));
  assert.ok(!verifyInclusion(2 ** 50, size, own, path, root));
});
