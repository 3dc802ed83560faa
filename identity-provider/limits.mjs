// Bounds of everything that is read, kept or waited for.

export const ACCOUNTS_BYTES_MAX = 4 * 1024 * 1024;
export const ACCOUNTS_MAX = 10_000;
export const ROLES_MAX = 50;
export const NAME_LENGTH_MAX = 64;
export const TEXT_LENGTH_MAX = 200;
export const KEY_FILE_BYTES_MAX = 64 * 1024;

export const FORM_BYTES_MAX = 8 * 1024;
// Sessions, codes, grants and the like that are kept; the oldest give way.
export const KEPT_MAX = 20_000;

export const TOKEN_SECONDS_DEFAULT = 300;
export const TOKEN_SECONDS_MAX = 12 * 3600;
export const SESSION_SECONDS = 8 * 3600;
export const INTERACTION_SECONDS = 600;
export const CODE_SECONDS = 60;

// sign-in, as a client.
export const REDIRECTS_MAX = 12;
export const RESPONSE_BYTES_MAX = 4 * 1024 * 1024;
export const RESPONSE_MS_MAX = 10_000;
export const ASSERTION_SECONDS = 60;
