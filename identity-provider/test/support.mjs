// A real provider on a port of its own, in a folder of its own.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { readAccounts } from '../accounts.mjs';
import { exchange, REDIRECT } from '../client.mjs';
import { openKeys } from '../keys.mjs';
import { startProvider } from '../provider.mjs';

export const BASE_URL = 'http://127.0.0.1:8080/fhir';
export const ACCOUNTS = fileURLToPath(new URL('accounts.json', import.meta.url));
export const FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** A folder that is gone when the test ends. */
export function temporaryFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'identity-provider-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

// RSA keys take long to make, so a file of tests makes them once.
const ownKeys = fs.mkdtempSync(path.join(os.tmpdir(), 'identity-provider-'));
process.once('exit', () => fs.rmSync(ownKeys, { recursive: true }));

/** A key folder for the accounts of these tests, gone when the test ends. */
export function copyOfKeys(t) {
  openKeys(ownKeys, ['gp-mill-lane', 'region-operator']);
  const keys = path.join(temporaryFolder(t), 'keys');
  fs.cpSync(ownKeys, keys, { recursive: true });
  return keys;
}

/** A provider that stops when the test ends. */
export async function provider(t, options = {}) {
  const keys = options.keys ?? copyOfKeys(t);
  const started = await startProvider({
    accounts: readAccounts(ACCOUNTS), baseUrl: BASE_URL, ...options, keys,
  });
  t.after(() => started.close());
  return { issuer: started.issuer, baseUrl: BASE_URL, keys };
}

const VERIFIER = 'v'.repeat(43);

/** An authorization request as it should be, but for `changes`; undefined leaves one out. */
export function authorization(issuer, changes = {}) {
  const parameters = {
    client_id: 'continuum-demo',
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid',
    resource: BASE_URL,
    state: 'state-of-the-test',
    code_challenge: crypto.createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return `${issuer}/auth?${new URLSearchParams(given)}`;
}

/** Exchanges the code of such a request. */
export function redeem(issuer, code, changes = {}, headers = {}) {
  return exchange(`${issuer}/token`, {
    headers,
    form: {
      grant_type: 'authorization_code', client_id: 'continuum-demo', redirect_uri: REDIRECT,
      code, code_verifier: VERIFIER, ...changes,
    },
  });
}

const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

/** Header and claims of a token, unverified. */
export function read(token) {
  const [header, claims] = token.split('.');
  return { header: decoded(header), claims: decoded(claims) };
}

const VERIFY = {
  ES256: { hash: 'sha256', key: { dsaEncoding: 'ieee-p1363' } },
  RS256: { hash: 'sha256', key: {} },
  PS256: {
    hash: 'sha256',
    key: { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  },
  EdDSA: { hash: null, key: {} },
};

/** Whether the served key set verifies the token's signature. */
export async function verifies(issuer, token) {
  const { keys } = JSON.parse((await exchange(`${issuer}/jwks`)).text);
  const { header } = read(token);
  const jwk = keys.find((key) => key.kid === header.kid && key.alg === header.alg);
  const [signed, signature] = [token.slice(0, token.lastIndexOf('.')), token.split('.')[2]];
  const { hash, key } = VERIFY[header.alg];
  return crypto.verify(hash, Buffer.from(signed),
    { key: crypto.createPublicKey({ key: jwk, format: 'jwk' }), ...key },
    Buffer.from(signature, 'base64url'));
}

/** The token with one bit of its signature turned. */
export function damaged(token) {
  const [header, claims, signature] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[bytes.length >> 1] ^= 1;
  return `${header}.${claims}.${bytes.toString('base64url')}`;
}
