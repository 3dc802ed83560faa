// Tiles and entries files (docs/ledger_format.md section 4): their names, and what a folder has.

import { fromDecimal } from "./bytes.js";
import { entryBytesMax, hashBytes, tileGroupsMax, tileWidth } from "./limits.js";
import type { Hash } from "./tree.js";

/** Where an export is read from. Paths are relative, with slashes. */
export interface Store {
  /** The file's bytes, at most `bytesMax`; longer ones are cut there. Undefined: no such file. */
  read(path: string, bytesMax: number): Promise<Uint8Array | undefined>;
  /** Names in a folder, those of folders with a slash behind; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
}

/** The files there are for one number: the whole one, and those of fewer, by width, ascending. */
export interface Listed {
  readonly n: number;
  readonly whole: boolean;
  readonly partial: readonly number[];
}

/** A tile's number in groups of three digits: 1234067 is x001/x234/067. */
export function tileName(n: number): string {
  let name = String(n % 1000).padStart(3, "0");
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    name = `x${String(rest % 1000).padStart(3, "0")}/${name}`;
  }
  return name;
}

/** Path of a tile, of entries or of a level; `width` 256 is the whole one. */
export function tilePath(level: number | "entries", n: number, width: number): string {
  const whole = `tile/${level}/${tileName(n)}`;
  return width === tileWidth ? whole : `${whole}.p/${width}`;
}

/** The widest file of those listed. */
export function widthOf(listed: Listed): number {
  return listed.whole ? tileWidth : listed.partial[listed.partial.length - 1] ?? 0;
}

async function* listDepth(
  store: Store, folder: string, prefix: number, depth: number,
): AsyncGenerator<Listed> {
  const names = (await store.list(folder)).sort();
  if (depth > 0) {
    for (const name of names) {
      const group = /^x(\d{3})\/$/.exec(name)?.[1];
      // Numbers have no leading groups of zeros.
      if (group !== undefined && (prefix > 0 || group !== "000")) {
        yield* listDepth(store, `${folder}/${name.slice(0, -1)}`, prefix * 1000 + Number(group),
          depth - 1);
      }
    }
    return;
  }
  const found = new Map<number, { whole: boolean; partial: number[] }>();
  for (const name of names) {
    const match = /^(\d{3})(\.p\/)?$/.exec(name);
    if (match === null) {
      continue;
    }
    const n = prefix * 1000 + Number(match[1]);
    const listed = found.get(n) ?? { whole: false, partial: [] };
    found.set(n, listed);
    if (match[2] === undefined) {
      listed.whole = true;
    } else {
      listed.partial = (await store.list(`${folder}/${name.slice(0, -1)}`))
        .map((width) => fromDecimal(width) ?? 0)
        .filter((width) => width > 0 && width < tileWidth)
        .sort((a, b) => a - b);
    }
  }
  for (const [n, listed] of [...found].sort(([a], [b]) => a - b)) {
    if (listed.whole || listed.partial.length > 0) {
      yield { n, ...listed };
    }
  }
}

/** What a folder of tiles has, by number, ascending; one folder's names at a time in memory. */
export async function* listTiles(store: Store, folder: string): AsyncGenerator<Listed> {
  for (let depth = 0; depth < tileGroupsMax; depth++) {
    yield* listDepth(store, folder, 0, depth);
  }
}

/** Steps through a listing. */
export class Cursor {
  private current: Listed | undefined;
  private started = false;

  constructor(private readonly listing: AsyncGenerator<Listed>) {}

  async peek(): Promise<Listed | undefined> {
    if (!this.started) {
      await this.next();
    }
    return this.current;
  }

  async next(): Promise<void> {
    this.started = true;
    const step = await this.listing.next();
    this.current = step.done === true ? undefined : step.value;
  }
}

/** The hashes of a tile file, or undefined when it doesn't hold exactly `width` of them. */
export function parseTile(bytes: Uint8Array, width: number): Hash[] | undefined {
  if (bytes.length !== width * hashBytes) {
    return undefined;
  }
  const hashes: Hash[] = [];
  for (let at = 0; at < bytes.length; at += hashBytes) {
    hashes.push(bytes.subarray(at, at + hashBytes));
  }
  return hashes;
}

/** The entries of an entries file, at most `width`, and whether bytes are left after them. */
export function parseBundle(
  bytes: Uint8Array, width: number,
): { readonly entries: Uint8Array[]; readonly surplus: boolean } {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < width && bytes.length - at >= 2) {
    const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    if (length > entryBytesMax || bytes.length - at - 2 < length) {
      break;
    }
    entries.push(bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return { entries, surplus: entries.length === width && at < bytes.length };
}
