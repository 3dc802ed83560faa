// A ledger read over HTTP: its checkpoint and the hash tiles of that checkpoint's size. A server
// lists nothing, so the size says which tiles there should be.

import { parseCheckpoint } from "./checkpoint.js";
import {
  checkpointBytesMax, httpBytesMax, httpMillisecondsMax, levelsMax, tileWidth,
} from "./limits.js";
import type { Store } from "./tile.js";

/** Fetches `url`; undefined for status 404. Anything else but 200 throws. */
export type Fetch = (url: string) => Promise<Uint8Array | undefined>;

/** With a bearer token, if any. Follows no redirect, so the token goes nowhere else. */
export function fetcher(token: string | undefined): Fetch {
  return async (url) => {
    const answer = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      redirect: "error",
      signal: AbortSignal.timeout(httpMillisecondsMax),
    });
    if (answer.status === 404) {
      return undefined;
    }
    if (answer.status !== 200 || answer.body === null) {
      throw new Error(`${url} answered ${answer.status}`);
    }
    return readBody(answer.body.getReader(), url);
  };
}

async function readBody(
  reader: ReadableStreamDefaultReader<Uint8Array>, url: string,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(httpBytesMax);
  let filled = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (filled + part.value.length > httpBytesMax) {
      await reader.cancel();
      throw new Error(`${url} answered more than ${httpBytesMax} bytes`);
    }
    bytes.set(part.value, filled);
    filled += part.value.length;
  }
  return bytes.subarray(0, filled);
}

function group(n: number): string {
  return String(n).padStart(3, "0");
}

export class HttpStore implements Store {
  private constructor(
    private readonly base: string,
    private readonly checkpoint: Uint8Array | undefined,
    private readonly size: number,
    private readonly get: Fetch,
  ) {}

  /** `base`: the server's URL, to which `/ledger/checkpoint` is added. */
  static async open(base: string, get: Fetch): Promise<HttpStore> {
    const root = `${base.replace(/\/+$/, "")}/ledger`;
    const checkpoint = await get(`${root}/checkpoint`);
    const size = parseCheckpoint(checkpoint ?? new Uint8Array(0))?.size ?? 0;
    return new HttpStore(root, checkpoint, size, get);
  }

  async read(path: string, bytesMax: number): Promise<Uint8Array | undefined> {
    // The one that said the size: the server may have written another since.
    const bytes = path === "checkpoint" ? this.checkpoint : await this.get(`${this.base}/${path}`);
    return bytes?.subarray(0, Math.max(bytesMax, checkpointBytesMax));
  }

  async list(folder: string): Promise<string[]> {
    const [top, level = "", ...groups] = folder.split("/");
    if (top !== "tile" || !/^\d$/.test(level) || Number(level) >= levelsMax) {
      return [];
    }
    const hashes = Math.floor(this.size / tileWidth ** Number(level));
    const whole = Math.floor(hashes / tileWidth);
    const rest = hashes % tileWidth;
    const last = groups[groups.length - 1];
    if (last?.endsWith(".p") === true) {
      return [String(rest)];
    }
    return namesBelow(groups.reduce((n, name) => n * 1000 + Number(name.slice(1)), 0), whole, rest);
  }
}

/** Names in the folder of the numbers that begin with `prefix`, of `whole` tiles and a `rest`. */
function namesBelow(prefix: number, whole: number, rest: number): string[] {
  const names: string[] = [];
  for (let digit = 0; digit < 1000; digit++) {
    const n = prefix * 1000 + digit;
    if (n < whole) {
      names.push(group(digit));
    } else if (n === whole && rest > 0) {
      names.push(`${group(digit)}.p/`);
    }
    const first = n * 1000;
    if (n > 0 && (first < whole || (first === whole && rest > 0))) {
      names.push(`x${group(digit)}/`);
    }
  }
  return names;
}
