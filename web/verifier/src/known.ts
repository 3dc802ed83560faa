// The checkpoints that are known, and which of them the entries agree with.

import { equal } from "./bytes.js";
import {
  isSigned, parseCheckpoint, splitCheckpoints, type Checkpoint, type SignatureCheck,
  type VerifierKey,
} from "./checkpoint.js";
import type { Findings } from "./findings.js";
import type { Hash } from "./tree.js";

interface Known {
  readonly size: number;
  readonly root: Hash;
}

export class KnownCheckpoints {
  private readonly known: Known[] = [];
  private next = 0;
  private agreed = 0;
  private fork: { readonly agreed: number; readonly size: number } | undefined;
  private read = 0;

  constructor(
    private readonly key: VerifierKey,
    private readonly check: SignatureCheck,
    private readonly findings: Findings,
  ) {}

  /** How many were read, the malformed included. */
  get count(): number {
    return this.read;
  }

  /** A checkpoint file of the outside: numbered on, each at least as large as the one before. */
  addFile(file: Uint8Array): void {
    let before: Checkpoint | undefined;
    for (const bytes of splitCheckpoints(file)) {
      if (this.findings.full) {
        return;
      }
      const i = this.read;
      const checkpoint = this.add(bytes);
      if (checkpoint !== undefined) {
        if (before !== undefined && (checkpoint.size < before.size ||
            (checkpoint.size === before.size && !equal(checkpoint.root, before.root)))) {
          this.findings.add("checkpoint-order", i);
        }
        before = checkpoint;
      }
    }
  }

  /** One more, in no order with the others. Undefined when it is worth nothing. */
  add(bytes: Uint8Array): Checkpoint | undefined {
    const i = this.read++;
    const checkpoint = parseCheckpoint(bytes);
    if (checkpoint === undefined || checkpoint.origin !== this.key.name) {
      this.findings.add("checkpoint-malformed", i);
      return undefined;
    }
    if (!isSigned(checkpoint, this.key, this.check)) {
      this.findings.add("checkpoint-signature", i);
      return undefined;
    }
    this.known.push({ size: checkpoint.size, root: checkpoint.root });
    return checkpoint;
  }

  /** All are added: from here on sizes come in order. */
  sort(): void {
    this.known.sort((a, b) => a.size - b.size);
  }

  /** The tree of the first `size` entries has the root that `rootNow` gives, if asked. */
  meet(size: number, rootNow: () => Hash): void {
    if (!this.at(size)) {
      return;
    }
    const root = rootNow();
    let agree = true;
    for (; this.at(size); this.next++) {
      agree &&= equal(root, this.known[this.next]?.root ?? root);
    }
    if (!agree) {
      this.fork ??= { agreed: this.agreed, size };
      this.findings.add("forked", size);
    } else if (this.fork === undefined) {
      this.agreed = size;
    }
  }

  private at(size: number): boolean {
    return this.known[this.next]?.size === size;
  }

  /** Only `entries` entries are there. */
  end(entries: number): void {
    if (this.fork !== undefined) {
      this.findings.add("rewritten", this.fork.agreed, this.fork.size);
    }
    let cut = entries;
    for (const { size } of this.known) {
      if (size > cut) {
        cut = size;
        this.findings.add("cut", size, entries);
      }
    }
  }
}
