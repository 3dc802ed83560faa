// The hash tree of RFC 9162 section 2.1, and its proofs. Sizes are numbers up to 2^53 - 1, so
// nothing here uses operators of 32 bits on them.

import { sha256 } from "@noble/hashes/sha2";
import { equal } from "./bytes.js";
import { hashBytes, proofPathMax } from "./limits.js";

export type Hash = Uint8Array;

const leafPrefix = Uint8Array.of(0);

export function hashOf(bytes: Uint8Array): Hash {
  return sha256(bytes);
}

export function emptyRoot(): Hash {
  return sha256(new Uint8Array(0));
}

export function leafHash(entry: Uint8Array): Hash {
  return sha256.create().update(leafPrefix).update(entry).digest();
}

export function nodeHash(left: Hash, right: Hash): Hash {
  const node = new Uint8Array(1 + 2 * hashBytes);
  node[0] = 1;
  node.set(left, 1);
  node.set(right, 1 + hashBytes);
  return sha256(node);
}

/** A tree that grows leaf by leaf and keeps its right edge alone: one hash for each bit of size. */
export class Tree {
  private readonly edge: Hash[] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(leaf: Hash): void {
    let hash = leaf;
    for (let below = this.count; below % 2 === 1; below = (below - 1) / 2) {
      const left = this.edge.pop();
      if (left !== undefined) {
        hash = nodeHash(left, hash);
      }
    }
    this.edge.push(hash);
    this.count++;
  }

  root(): Hash {
    let hash: Hash | undefined;
    for (let i = this.edge.length - 1; i >= 0; i--) {
      const left = this.edge[i];
      if (left !== undefined) {
        hash = hash === undefined ? left : nodeHash(left, hash);
      }
    }
    return hash ?? emptyRoot();
  }
}

/** The root over hashes in order: of leaves, or of complete subtrees of one size. */
export function rootOf(hashes: readonly Hash[]): Hash {
  const tree = new Tree();
  for (const hash of hashes) {
    tree.push(hash);
  }
  return tree.root();
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function wellFormed(path: readonly Hash[]): boolean {
  return path.length <= proofPathMax && path.every((hash) => hash.length === hashBytes);
}

/** RFC 9162 section 2.1.3.2: is `leaf` the hash of leaf `n` of the tree of `size` and `root`? */
export function verifyInclusion(
  n: number, size: number, leaf: Hash, path: readonly Hash[], root: Hash,
): boolean {
  if (!Number.isSafeInteger(n) || !Number.isSafeInteger(size) || n < 0 || n >= size ||
      leaf.length !== hashBytes || !wellFormed(path)) {
    return false;
  }
  let at = n;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (last === 0) {
      return false;
    }
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && equal(hash, root);
}

/**
 * RFC 9162 section 2.1.4.2: is the tree of size `from` a prefix of that of size `to`? From the
 * empty tree, and from a tree to itself, the path is empty.
 */
export function verifyConsistency(
  from: number, to: number, fromRoot: Hash, toRoot: Hash, path: readonly Hash[],
): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to ||
      !wellFormed(path)) {
    return false;
  }
  if (from === to) {
    return path.length === 0 && equal(fromRoot, toRoot);
  }
  if (from === 0) {
    return path.length === 0 && equal(fromRoot, emptyRoot());
  }
  let at = from - 1;
  let last = to - 1;
  while (at % 2 === 1) {
    at = half(at);
    last = half(last);
  }
  // A complete `from` tree is itself the first node.
  const nodes = at === 0 ? [fromRoot, ...path] : path;
  const first = nodes[0];
  if (first === undefined) {
    return false;
  }
  let older = first;
  let newer = first;
  for (const sibling of nodes.slice(1)) {
    if (last === 0) {
      return false;
    }
    if (at % 2 === 1 || at === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (at % 2 === 0 && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      newer = nodeHash(newer, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && equal(older, fromRoot) && equal(newer, toRoot);
}
