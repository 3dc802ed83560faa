// Verifies an export (docs/ledger_format.md section 6) in one pass, tile by tile: in memory are one
// tile of each level, the right edge of the tree, and size and root of each checkpoint.

import { equal } from "./bytes.js";
import { portableCheck, type SignatureCheck, type VerifierKey } from "./checkpoint.js";
import { People, parseEntry } from "./entry.js";
import { Findings, Mismatches } from "./findings.js";
import { KnownCheckpoints } from "./known.js";
import {
  bundleBytesMax, checkpointBytesMax, levelsMax, tileBytesMax, tileWidth,
} from "./limits.js";
import type { Receipt } from "./receipt.js";
import {
  Cursor, listTiles, parseBundle, parseTile, tilePath, widthOf, type Listed, type Store,
} from "./tile.js";
import { Tree, leafHash, rootOf, type Hash } from "./tree.js";

export interface VerifyOptions {
  readonly store: Store;
  readonly key: VerifierKey;
  /** The checkpoint file kept outside. */
  readonly checkpoints?: Uint8Array;
  readonly check?: SignatureCheck;
  /** Each must be that of a request entry that is there. */
  readonly receipts?: readonly Receipt[];
  /** Without entries, the hashes of level 0 stand for them: what can be verified over HTTP. */
  readonly entries?: "verify" | "not there";
  /** Told of each finding, with the texts of section 6, as it is made. */
  readonly onFinding: (finding: string) => void;
}

export interface Report {
  readonly findings: number;
  /** One more than the number of the last entry that is there. */
  readonly entries: number;
  /** Undefined when hashes are missing. */
  readonly root: Hash | undefined;
  /** Checkpoints read: those of the file, and the export's own. */
  readonly checkpoints: number;
}

/** What failed to be read throws what the store throws; nothing else does. */
export async function verifyExport(options: VerifyOptions): Promise<Report> {
  return new Verification(options).run();
}

type Hashes = readonly (Hash | undefined)[];

/** A tile as its file says, while what it should hold is gathered from below. */
class LevelTile {
  changed = false;
  readonly below: (Hash | undefined)[] = [];

  constructor(readonly n: number, readonly stated: readonly Hash[] | undefined) {}
}

class Level {
  tile: LevelTile | undefined;

  constructor(readonly number: number, readonly cursor: Cursor) {}
}

class Verification {
  private readonly findings: Findings;
  private readonly mismatches: Mismatches;
  private readonly people: People;
  private readonly known: KnownCheckpoints;
  private readonly levels: Level[] = [];
  private readonly bundles: Cursor;
  private tree: Tree | undefined = new Tree();
  private position = 0;
  private entriesEnd = 0;
  private missing = false;
  /** Request ids by number, of the receipts not met with yet. */
  private readonly receipts = new Map<number, Set<string>>();

  constructor(private readonly options: VerifyOptions) {
    this.findings = new Findings(options.onFinding);
    this.mismatches = new Mismatches(this.findings);
    this.people = new People((n) => this.findings.add("entry-malformed", n));
    this.known = new KnownCheckpoints(options.key, options.check ?? portableCheck, this.findings);
    for (let level = 0; level < levelsMax; level++) {
      this.levels.push(new Level(level, new Cursor(listTiles(options.store, `tile/${level}`))));
    }
    this.bundles = new Cursor(listTiles(options.store, "tile/entries"));
    for (const { number, requestId } of options.receipts ?? []) {
      this.receipts.set(number, (this.receipts.get(number) ?? new Set()).add(requestId));
    }
  }

  async run(): Promise<Report> {
    const size = await this.readCheckpoints();
    this.known.meet(0, () => new Tree().root());
    for (let n = 0; !this.findings.full; n++) {
      const next = await this.nextListed();
      if (next === undefined) {
        break;
      }
      await (next > n ? this.verifyGap(n) : this.verifyLeaves(n));
    }
    this.mismatches.end();
    this.people.end();
    if (this.entriesThere && size > this.position && !this.missing) {
      this.findings.add("entry-missing", this.position);
    }
    await this.finishLevels();
    this.known.end(this.entriesEnd);
    for (const [n, ids] of this.receipts) {
      ids.forEach(() => this.findings.add("receipt-broken", n));
    }
    return {
      findings: this.findings.count, entries: this.entriesEnd, root: this.tree?.root(),
      checkpoints: this.known.count,
    };
  }

  private get entriesThere(): boolean {
    return this.options.entries !== "not there";
  }

  /** The size that the export's own checkpoint says; 0 when it is worth nothing. */
  private async readCheckpoints(): Promise<number> {
    this.known.addFile(this.options.checkpoints ?? new Uint8Array(0));
    const file = await this.options.store.read("checkpoint", checkpointBytesMax + 1);
    const own = this.known.add(file ?? new Uint8Array(0));
    this.known.sort();
    return own?.size ?? 0;
  }

  private level(number: number): Level {
    const level = this.levels[number];
    if (level === undefined) {
      throw new RangeError("a level that a tree of 2^53 entries has not");
    }
    return level;
  }

  private async nextListed(): Promise<number | undefined> {
    const bundle = this.entriesThere ? (await this.bundles.peek())?.n : undefined;
    const tile = (await this.level(0).cursor.peek())?.n;
    return bundle === undefined || tile === undefined ? bundle ?? tile : Math.min(bundle, tile);
  }

  /** Neither entries nor level 0 of tile `n` have files, though later numbers have. */
  private async verifyGap(n: number): Promise<void> {
    if (this.entriesThere) {
      this.miss(tileWidth * n);
    }
    this.findings.add("tile-changed", 0, n);
    this.position += tileWidth;
    this.tree = undefined;
    await this.pushUp(1, n, undefined);
  }

  /** Entries and level 0 of tile `n`. */
  private async verifyLeaves(n: number): Promise<void> {
    const bundle = this.entriesThere ? await take(this.bundles, n) : undefined;
    const tile = await this.open(0, n);
    const claimed = Math.max(bundle === undefined ? 0 : widthOf(bundle), tile.stated?.length ?? 0);
    const width = await this.nextListed() === undefined ? claimed : tileWidth;
    const entries = await this.readEntries(n, bundle, width);
    const standing = await this.compareLeaves(n, tile, entries, width);
    for (let i = 0; i < width; i++) {
      this.grow(entries[i] ?? tile.stated?.[i]);
    }
    if (width === tileWidth) {
      await this.pushUp(1, n, standing);
    }
  }

  private grow(leaf: Hash | undefined): void {
    this.position++;
    if (leaf === undefined) {
      this.tree = undefined;
    }
    const tree = this.tree;
    if (tree !== undefined && leaf !== undefined) {
      tree.push(leaf);
      this.known.meet(this.position, () => tree.root());
    }
  }

  /** Leaf hashes of the entries in the widest file; narrower ones must hold the same. */
  private async readEntries(
    n: number, listed: Listed | undefined, width: number,
  ): Promise<Hashes> {
    if (!this.entriesThere) {
      return [];
    }
    const hashes = listed === undefined ? [] : await this.readBundle(n, widthOf(listed), true);
    for (let i = hashes.length; i < width; i++) {
      this.miss(tileWidth * n + i);
    }
    for (const narrow of listed?.partial ?? []) {
      if (listed !== undefined && narrow !== widthOf(listed)) {
        this.compareBundles(n, narrow, hashes, await this.readBundle(n, narrow, false));
      }
    }
    return hashes;
  }

  private async readBundle(n: number, width: number, isMain: boolean): Promise<Hash[]> {
    const path = tilePath("entries", n, width);
    const file = await this.options.store.read(path, bundleBytesMax + 1);
    const { entries, surplus } = parseBundle(file ?? new Uint8Array(0), width);
    const hashes: Hash[] = [];
    for (const [i, entry] of entries.entries()) {
      hashes.push(leafHash(entry));
      if (isMain) {
        this.see(tileWidth * n + i, entry);
      }
    }
    if (surplus) {
      this.findings.add("entry-malformed", tileWidth * n + width);
    }
    return hashes;
  }

  private compareBundles(n: number, width: number, main: Hashes, narrow: Hashes): void {
    for (let i = 0; i < width; i++) {
      const stands = narrow[i];
      const other = main[i];
      if (stands === undefined) {
        this.findings.add("entry-missing", tileWidth * n + i);
        return;
      }
      if (other !== undefined && !equal(stands, other)) {
        this.findings.add("entry-changed", tileWidth * n + i);
      }
    }
  }

  private see(n: number, bytes: Uint8Array): void {
    const entry = parseEntry(bytes);
    if (entry === undefined) {
      this.findings.add("entry-malformed", n);
    }
    this.people.see(n, entry);
    if (entry?.kind === "request") {
      this.receipts.get(n)?.delete(entry.requestId);
    }
    this.missing = false;
    this.entriesEnd = n + 1;
  }

  /** One finding for entries missing in a row. */
  private miss(n: number): void {
    if (!this.missing) {
      this.findings.add("entry-missing", n);
      this.people.gap();
    }
    this.missing = true;
  }

  /**
   * Of entries and tile, what contradicts the other is named: the tile if the level above agrees
   * with the entries, the entries if it agrees with the tile, else both.
   * Returns the root to hold the level above against.
   */
  private async compareLeaves(
    n: number, tile: LevelTile, entries: Hashes, width: number,
  ): Promise<Hash | undefined> {
    const stated = tile.stated;
    if (!this.entriesThere) {
      this.entriesEnd = this.position + (stated?.length ?? 0);
    }
    if (stated?.length !== width) {
      this.change(0, tile);
    }
    const differ: number[] = [];
    for (let i = 0; i < width; i++) {
      const hash = entries[i];
      const other = stated?.[i];
      if (hash !== undefined && other !== undefined && !equal(hash, other)) {
        differ.push(i);
      }
    }
    const whole = width === tileWidth;
    const below = whole ? rootIfWhole(fill(entries, stated)) : undefined;
    if (differ.length === 0) {
      return below;
    }
    const above = whole ? await this.stated(1, n) : undefined;
    const agrees = (root: Hash | undefined): boolean =>
      root !== undefined && above !== undefined && equal(root, above);
    const ofTile = whole && stated !== undefined ? rootIfWhole(stated) : undefined;
    const tileIsWrong = agrees(below);
    if (tileIsWrong || (above !== undefined && !agrees(ofTile))) {
      this.change(0, tile);
    }
    if (tileIsWrong) {
      return below;
    }
    for (const i of differ) {
      const hash = entries[i];
      const other = stated?.[i];
      if (hash !== undefined && other !== undefined) {
        this.mismatches.add(tileWidth * n + i, hash, other);
      }
    }
    return agrees(ofTile) ? ofTile : below;
  }

  private change(level: number, tile: LevelTile): void {
    if (!tile.changed) {
      tile.changed = true;
      this.findings.add("tile-changed", level, tile.n);
    }
  }

  /** What the tile of `level` says of its subtree `n`. */
  private async stated(level: number, n: number): Promise<Hash | undefined> {
    if (level >= levelsMax) {
      return undefined;
    }
    const tile = await this.current(level, Math.floor(n / tileWidth));
    return tile.stated?.[n % tileWidth];
  }

  private async current(level: number, n: number): Promise<LevelTile> {
    const state = this.level(level);
    state.tile ??= await this.open(level, n);
    return state.tile;
  }

  /** Reads the widest file of tile `n` of a level; narrower ones must be its beginning. */
  private async open(level: number, n: number): Promise<LevelTile> {
    const listed = await take(this.level(level).cursor, n);
    const width = listed === undefined ? 0 : widthOf(listed);
    const file = await this.readTile(level, n, width);
    const tile = new LevelTile(n, file === undefined ? undefined : parseTile(file, width));
    if (listed !== undefined && tile.stated === undefined) {
      this.change(level, tile);
    }
    for (const narrow of listed?.partial ?? []) {
      const other = narrow === width ? undefined : await this.readTile(level, n, narrow);
      if (other !== undefined && file !== undefined &&
          (parseTile(other, narrow) === undefined ||
           !equal(other, file.subarray(0, other.length)))) {
        this.change(level, tile);
      }
    }
    return tile;
  }

  private async readTile(
    level: number, n: number, width: number,
  ): Promise<Uint8Array | undefined> {
    return width === 0 ? undefined :
      this.options.store.read(tilePath(level, n, width), tileBytesMax + 1);
  }

  /** The subtree `n` of `level`, whose root should stand in that level's tile. */
  private async pushUp(level: number, n: number, root: Hash | undefined): Promise<void> {
    if (level >= levelsMax) {
      return;
    }
    const tile = await this.current(level, Math.floor(n / tileWidth));
    tile.below.push(root);
    if (tile.below.length === tileWidth) {
      const standing = await this.compareTile(level, tile);
      this.level(level).tile = undefined;
      await this.pushUp(level + 1, tile.n, standing);
    }
  }

  /** Names the tile if it isn't what is below. Returns the root to hold the level above against. */
  private async compareTile(level: number, tile: LevelTile): Promise<Hash | undefined> {
    const { below, stated } = tile;
    const whole = below.length === tileWidth;
    const differs = below.some((hash, i) => {
      const other = stated?.[i];
      return hash !== undefined && other !== undefined && !equal(hash, other);
    });
    if (stated?.length !== below.length || differs) {
      this.change(level, tile);
    }
    const root = whole ? rootIfWhole(fill(below, stated)) : undefined;
    if (!whole || !differs || stated === undefined) {
      return root;
    }
    const above = await this.stated(level + 1, tile.n);
    const ofTile = rootIfWhole(stated);
    return above !== undefined && ofTile !== undefined && equal(ofTile, above) ? ofTile : root;
  }

  /** The tiles that the tree's end leaves unfinished, and those that nothing is below. */
  private async finishLevels(): Promise<void> {
    for (const level of this.levels) {
      if (level.tile !== undefined) {
        await this.compareTile(level.number, level.tile);
        level.tile = undefined;
      }
      for (let left = await level.cursor.peek(); left !== undefined && !this.findings.full;
        left = await level.cursor.peek()) {
        this.findings.add("tile-changed", level.number, left.n);
        await level.cursor.next();
      }
    }
  }
}

/** The listing of number `n`, if there is one, after which the cursor stands behind it. */
async function take(cursor: Cursor, n: number): Promise<Listed | undefined> {
  const listed = await cursor.peek();
  if (listed?.n !== n) {
    return undefined;
  }
  await cursor.next();
  return listed;
}

function fill(hashes: Hashes, others: Hashes | undefined): Hashes {
  const filled: (Hash | undefined)[] = [];
  for (let i = 0; i < tileWidth; i++) {
    filled.push(hashes[i] ?? others?.[i]);
  }
  return filled;
}

function rootIfWhole(hashes: Hashes): Hash | undefined {
  const there = hashes.filter((hash): hash is Hash => hash !== undefined);
  return there.length === tileWidth ? rootOf(there) : undefined;
}
