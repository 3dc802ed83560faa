// An export's folder in memory, and a run of the verifier over it.

import {
  parseVerifierKey, verifyExport, type Receipt, type Report, type Store,
} from "../src/index.js";
import { nodeCheck } from "../src/node.js";
import { utf8, type Files, type Signer } from "./writer.js";

export class MemoryStore implements Store {
  constructor(private readonly files: Files) {}

  async read(path: string, bytesMax: number): Promise<Uint8Array | undefined> {
    return this.files.get(path)?.subarray(0, bytesMax);
  }

  async list(folder: string): Promise<string[]> {
    const names = new Set<string>();
    for (const path of this.files.keys()) {
      if (path.startsWith(`${folder}/`)) {
        names.add(path.slice(folder.length + 1).replace(/\/.*$/, "/"));
      }
    }
    return [...names];
  }
}

export interface Verified {
  readonly findings: readonly string[];
  readonly report: Report;
}

/** `outside`: the checkpoint file. */
export async function run(
  files: Files, signer: Signer, outside?: string, receipts: readonly Receipt[] = [],
): Promise<Verified> {
  const key = parseVerifierKey(utf8(signer.verifierKey));
  if (key === undefined) {
    throw new Error("the test's own key is malformed");
  }
  const findings: string[] = [];
  const report = await verifyExport({
    store: new MemoryStore(files), key, receipts, check: nodeCheck(),
    onFinding: (finding) => findings.push(finding),
    ...(outside === undefined ? {} : { checkpoints: utf8(outside) }),
  });
  return { findings, report };
}

export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}

export function withFile(files: Files, path: string, bytes: Uint8Array | undefined): Files {
  const copy: Files = new Map(files);
  if (bytes === undefined) {
    copy.delete(path);
  } else {
    copy.set(path, bytes);
  }
  return copy;
}
