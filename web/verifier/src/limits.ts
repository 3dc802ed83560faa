// Named bounds of everything that is read: nothing that a file says makes the verifier work or
// remember without end.

export const hashBytes = 32;
export const tileWidth = 256;
export const tileBytesMax = tileWidth * hashBytes;
export const entryBytesMax = 65_535;
/** An entries file: 256 entries, each led by its length. */
export const bundleBytesMax = tileWidth * (2 + entryBytesMax);

export const varintBytesMax = 10;

/** Levels that a tree of at most 2^53 - 1 entries has tiles of: 0 to 6. */
export const levelsMax = 7;
/** Groups of three digits in a tile's number: more than 2^53 / 256 tiles need. */
export const tileGroupsMax = 5;

/** A checkpoint with its signature lines, witnesses' included. */
export const checkpointBytesMax = 16 * 1024;
export const signatureLinesMax = 64;
export const checkpointFileBytesMax = 1024 * 1024 * 1024;
export const verifierKeyBytesMax = 1024;
export const signatureBytesMax = 8 * 1024;

/** JSON of a proof: its path has at most 2 * 53 hashes. */
export const proofBytesMax = 64 * 1024;
export const proofPathMax = 106;
export const receiptCharsMax = 64;

/** Changed entries held back until the end, so that two that changed places are named together. */
export const mismatchesHeldMax = 65_536;
/** Verification stops at so many findings. */
export const findingsMax = 100_000;

/** Over HTTP: one answer, one request. */
export const httpBytesMax = 64 * 1024;
export const httpMillisecondsMax = 30_000;
