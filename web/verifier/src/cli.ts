// verify-ledger: see usage. Findings go to standard output, one a line; what hinders, to standard
// error. Ends with 0 when all is sound, 1 with findings, 2 when it could not verify.

import { parseArgs } from "node:util";
import { fromUtf8, toBase64 } from "./bytes.js";
import { parseVerifierKey, type VerifierKey } from "./checkpoint.js";
import { HttpStore, fetcher } from "./http.js";
import {
  checkpointBytesMax, checkpointFileBytesMax, proofBytesMax, verifierKeyBytesMax,
} from "./limits.js";
import { FolderStore, nodeCheck, readFileAtMost } from "./node.js";
import { parseReceipt, verifyReceipt, type Receipt } from "./receipt.js";
import type { Store } from "./tile.js";
import { verifyExport } from "./verify.js";

const usage = `usage: verify-ledger FOLDER --key FILE [--checkpoints FILE] [--receipt RECEIPT]
       verify-ledger --url URL --key FILE [--checkpoints FILE] [--token-file FILE]
       verify-ledger --proof FILE --receipt RECEIPT --key FILE
                     [--earlier CHECKPOINT_FILE --consistency FILE]
`;
const tokenBytesMax = 16 * 1024;

/** Why nothing could be verified. */
class Hindrance extends Error {}

async function readWhole(path: string, bytesMax: number): Promise<Uint8Array> {
  const bytes = await readFileAtMost(path, bytesMax + 1);
  if (bytes === undefined || bytes.length > bytesMax) {
    throw new Hindrance(bytes === undefined ? `${path}: no such file` : `${path}: too large`);
  }
  return bytes;
}

async function readKey(path: string): Promise<VerifierKey> {
  const key = parseVerifierKey(await readWhole(path, verifierKeyBytesMax));
  if (key === undefined) {
    throw new Hindrance(`${path}: not a verifier key`);
  }
  return key;
}

function readReceipt(text: string): Receipt {
  const receipt = parseReceipt(text);
  if (receipt === undefined) {
    throw new Hindrance(`${text}: not a receipt`);
  }
  return receipt;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function conclude(findings: number, sound: string): number {
  print(findings === 0 ? sound : `${findings} ${findings === 1 ? "finding" : "findings"}`);
  return findings === 0 ? 0 : 1;
}

async function openUrl(url: string, tokenFile: string | undefined): Promise<Store> {
  const parsed = new URL(url);
  const local = ["127.0.0.1", "[::1]", "localhost"].includes(parsed.hostname);
  if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && local)) {
    throw new Hindrance(`${url}: neither https nor this machine`);
  }
  const token = tokenFile === undefined ? undefined :
    fromUtf8(await readWhole(tokenFile, tokenBytesMax))?.trim();
  return HttpStore.open(parsed.origin + parsed.pathname, fetcher(token));
}

interface Flags {
  readonly key?: string | undefined;
  readonly checkpoints?: string | undefined;
  readonly url?: string | undefined;
  readonly "token-file"?: string | undefined;
  readonly proof?: string | undefined;
  readonly receipt?: string | undefined;
  readonly earlier?: string | undefined;
  readonly consistency?: string | undefined;
}

async function verifyLedger(folder: string | undefined, flags: Flags, key: VerifierKey) {
  let store: Store;
  if (folder === undefined) {
    store = await openUrl(flags.url ?? "", flags["token-file"]);
  } else {
    store = new FolderStore(folder);
    if ((await store.list("")).length === 0) {
      throw new Hindrance(`${folder}: no such folder, or an empty one`);
    }
  }
  const checkpoints = flags.checkpoints === undefined ? undefined :
    await readWhole(flags.checkpoints, checkpointFileBytesMax);
  const receipts = flags.receipt === undefined ? [] : [readReceipt(flags.receipt)];
  const report = await verifyExport({
    store, key, receipts, check: nodeCheck(),
    entries: folder === undefined ? "not there" : "verify",
    onFinding: print, ...(checkpoints === undefined ? {} : { checkpoints }),
  });
  const root = toBase64(report.root ?? new Uint8Array(0));
  const what = folder === undefined ? "hashes" : "entries";
  return conclude(report.findings,
    `verified ${report.entries} ${what}, root ${root}, ${report.checkpoints} checkpoints`);
}

async function verifyProof(proof: string, receipt: string, flags: Flags, key: VerifierKey) {
  const earlier = flags.earlier === undefined || flags.consistency === undefined ? undefined : {
    checkpoint: await readWhole(flags.earlier, checkpointBytesMax),
    consistency: await readWhole(flags.consistency, proofBytesMax),
  };
  const report = verifyReceipt({
    receipt, key, proof: await readWhole(proof, proofBytesMax), check: nodeCheck(),
    ...(earlier === undefined ? {} : { earlier }),
  });
  report.findings.forEach(print);
  const { size = 0, instant = "" } = report.checkpoint ?? {};
  return conclude(report.findings.length,
    `verified ${receipt} in the ledger of ${size} entries of ${instant}`);
}

function parseCommandLine(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args], strict: true, allowPositionals: true,
      options: {
        key: text, checkpoints: text, url: text, "token-file": text, proof: text, receipt: text,
        earlier: text, consistency: text,
      },
    });
  } catch {
    return undefined;
  }
}

const allowed = {
  folder: ["key", "checkpoints", "receipt"],
  url: ["key", "checkpoints", "url", "token-file"],
  proof: ["key", "proof", "receipt", "earlier", "consistency"],
};

/** The exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args);
  const flags: Flags = parsed?.values ?? {};
  const folders = parsed?.positionals ?? [];
  const mode = flags.proof !== undefined ? "proof" : flags.url !== undefined ? "url" : "folder";
  const fits = folders.length === (mode === "folder" ? 1 : 0) &&
    Object.keys(flags).every((name) => allowed[mode].includes(name)) &&
    (mode !== "proof" || flags.receipt !== undefined) &&
    (flags.earlier === undefined) === (flags.consistency === undefined);
  if (!fits || flags.key === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  try {
    const key = await readKey(flags.key);
    return flags.proof !== undefined && flags.receipt !== undefined
      ? await verifyProof(flags.proof, flags.receipt, flags, key)
      : await verifyLedger(folders[0], flags, key);
  } catch (error) {
    process.stderr.write(`verify-ledger: ${error instanceof Error ? error.message : "failed"}\n`);
    return 2;
  }
}
