// Findings of docs/ledger_format.md section 6, as text.

import { findingsMax, mismatchesHeldMax } from "./limits.js";
import { toHex } from "./bytes.js";
import type { Hash } from "./tree.js";

/** Takes findings as they are made. Nothing is kept but their number. */
export class Findings {
  private made = 0;

  constructor(private readonly tell: (finding: string) => void) {}

  get count(): number {
    return this.made;
  }

  /** So many findings that verification should stop. */
  get full(): boolean {
    return this.made >= findingsMax;
  }

  add(name: string, ...numbers: readonly number[]): void {
    if (!this.full) {
      this.made++;
      this.tell([name, ...numbers].join(" "));
    }
  }
}

interface Mismatch {
  readonly n: number;
  readonly stands: string;
  readonly wanted: string;
}

/** Entries whose hash is not the one in their tile: changed, or two that changed places. */
export class Mismatches {
  private readonly byWanted = new Map<string, Mismatch>();

  constructor(private readonly findings: Findings) {}

  /** `stands` is the hash of entry `n`, `wanted` the one in its tile. */
  add(n: number, stands: Hash, wanted: Hash): void {
    const mismatch = { n, stands: toHex(stands), wanted: toHex(wanted) };
    const other = this.byWanted.get(mismatch.stands);
    if (other !== undefined && other.stands === mismatch.wanted) {
      this.byWanted.delete(mismatch.stands);
      this.findings.add("entries-exchanged", other.n, n);
    } else if (this.byWanted.size < mismatchesHeldMax && !this.byWanted.has(mismatch.wanted)) {
      this.byWanted.set(mismatch.wanted, mismatch);
    } else {
      this.findings.add("entry-changed", n);
    }
  }

  end(): void {
    for (const mismatch of this.byWanted.values()) {
      this.findings.add("entry-changed", mismatch.n);
    }
    this.byWanted.clear();
  }
}
