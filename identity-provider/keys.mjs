// Keys on disk, made when first wanted and readable by their owner only:
//   signing.jwks             the private keys that sign tokens: ES256, PS256, RS256, EdDSA
//   clients/<client_id>.jwk  the private ES256 key with which that system proves itself
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { KEY_FILE_BYTES_MAX } from './limits.mjs';

export const SIGNING_ALGORITHMS = ['ES256', 'PS256', 'RS256', 'EdDSA'];

export class KeysError extends Error {}

const RSA_BITS = 2048;

function makeKey(algorithm) {
  const { privateKey } = {
    ES256: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    PS256: () => crypto.generateKeyPairSync('rsa', { modulusLength: RSA_BITS }),
    RS256: () => crypto.generateKeyPairSync('rsa', { modulusLength: RSA_BITS }),
    EdDSA: () => crypto.generateKeyPairSync('ed25519'),
  }[algorithm]();
  const jwk = privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: crypto.randomUUID(), use: 'sig', alg: algorithm };
}

// Parses a file of ours; undefined when there is none.
function readPrivate(file) {
  let stat;
  try {
    stat = fs.statSync(file);
  } catch (error) {
    if (error.code === 'ENOENT') {
      return undefined;
    }
    throw new KeysError(`${file}: ${error.message}`);
  }
  if ((stat.mode & 0o077) !== 0) {
    throw new KeysError(`${file} can be read by others: chmod 600 it`);
  }
  if (stat.size > KEY_FILE_BYTES_MAX) {
    throw new KeysError(`${file} is no key file`);
  }
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    // The parser's own message may quote the key.
    throw new KeysError(`${file} is no key file`);
  }
}

// Whole or not at all: a start that is cut off leaves no half a key.
function writePrivate(file, content) {
  const half = `${file}.${process.pid}.new`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(half, `${JSON.stringify(content)}\n`, { mode: 0o600, flag: 'wx' });
    fs.renameSync(half, file);
  } catch (error) {
    throw new KeysError(`${file}: ${error.message}`);
  }
}

function readOrMake(file, make) {
  const found = readPrivate(file);
  if (found !== undefined) {
    return found;
  }
  const made = make();
  writePrivate(file, made);
  return made;
}

/** Where the private key of a system lies. */
export function clientKeyFile(folder, clientId) {
  return path.join(folder, 'clients', `${clientId}.jwk`);
}

/**
 * The private JWK of a system; undefined when the folder has none.
 * @param {string} folder
 * @param {string} clientId
 */
export function readClientKey(folder, clientId) {
  return readPrivate(clientKeyFile(folder, clientId));
}

/**
 * The public part of a private JWK.
 * @param {crypto.JsonWebKey} jwk
 */
export function publicPart(jwk) {
  const key = crypto.createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' });
  return { ...key, kid: jwk.kid, use: jwk.use, alg: jwk.alg };
}

/**
 * Reads the keys of the provider and its systems, making those that are not there yet.
 * @param {string} folder
 * @param {string[]} clientIds
 * @returns {{signing: {keys: object[]}, clients: Map<string, object>}} public keys for clients
 */
export function openKeys(folder, clientIds) {
  const signing = readOrMake(path.join(folder, 'signing.jwks'),
    () => ({ keys: SIGNING_ALGORITHMS.map(makeKey) }));
  const clients = new Map();
  for (const clientId of clientIds) {
    const file = clientKeyFile(folder, clientId);
    const jwk = readOrMake(file, () => makeKey('ES256'));
    try {
      clients.set(clientId, publicPart(jwk));
    } catch {
      throw new KeysError(`${file} is no key file`);
    }
  }
  return { signing, clients };
}
