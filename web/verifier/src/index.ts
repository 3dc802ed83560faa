// The library as browsers and Node see it; nothing here needs either.

export { fromBase64, fromUtf8, toBase64, toUtf8 } from "./bytes.js";
export {
  isSigned, parseCheckpoint, parseVerifierKey, portableCheck, splitCheckpoints,
  type Checkpoint, type SignatureCheck, type VerifierKey,
} from "./checkpoint.js";
export { parseEntry, type Entry } from "./entry.js";
export { HttpStore, fetcher, type Fetch } from "./http.js";
export {
  parseReceipt, verifyReceipt, type Earlier, type Receipt, type ReceiptOptions,
  type ReceiptReport,
} from "./receipt.js";
export { tilePath, type Store } from "./tile.js";
export { leafHash, verifyConsistency, verifyInclusion, type Hash } from "./tree.js";
export { verifyExport, type Report, type VerifyOptions } from "./verify.js";
