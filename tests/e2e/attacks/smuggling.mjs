// Requests that say one thing to whoever reads them strictly and another to whoever doesn't: paths written in
// odd ways, fields for proxies that are not there, framing in two ways at once.
import assert from 'node:assert/strict';

import { assertAlike, attack, json, requestBytes } from './support.mjs';

// Spellings of the path to a resource that must tell a stranger nothing.
const SPELLINGS = {
  plain: (id) => `/fhir/Patient/${id}`,
  'with a slash': (id) => `/fhir/Patient/${id}/`,
  'percent-encoded': (id) => `/fhir/Patient/${Buffer.from(id).toString('hex').replace(/../g, '%$&')}`,
  'percent-encoded type': (id) => `/fhir/%50atient/${id}`,
  'encoded twice': (id) => `/fhir/Patient/%25${id.charCodeAt(0).toString(16)}${id.slice(1)}`,
  'encoded slash': (id) => `/fhir/Patient%2f${id}`,
  'two slashes': (id) => `/fhir//Patient//${id}`,
  backslash: (id) => `/fhir\\Patient\\${id}`,
  'from below': (id) => `/fhir/Observation/../Patient/${id}`,
  'from below, encoded': (id) => `/fhir/Observation/%2e%2e/Patient/${id}`,
  'from below, encoded twice': (id) => `/fhir/Observation/%252e%252e/Patient/${id}`,
  'from below, overlong': (id) => `/fhir/Observation/%c0%ae%c0%ae/Patient/${id}`,
  'overlong slash': (id) => `/fhir/Patient%c0%af${id}`,
  'a dot': (id) => `/fhir/./Patient/${id}`,
  parameters: (id) => `/fhir/Patient/${id};v=1`,
  'parameters of the type': (id) => `/fhir/Patient;v=1/${id}`,
  NUL: (id) => `/fhir/Patient/${id}%00`,
  'NUL in between': (id) => `/fhir/Patient%00/${id}`,
  'end of line': (id) => `/fhir/Patient/${id}%0d%0aX-A:%20b`,
  capitals: (id) => `/fhir/Patient/${id.toUpperCase()}`,
  'type in small letters': (id) => `/fhir/patient/${id}`,
  'base in capitals': (id) => `/FHIR/Patient/${id}`,
  suffix: (id) => `/fhir/Patient/${id}.json`,
  space: (id) => `/fhir/Patient/${id}%20`,
  'broken encoding': (id) => `/fhir/Patient/${id}%`,
  'half a letter': (id) => `/fhir/Patient/${id}%e2%82`,
  'full width': (id) => `/fhir/Patient/%ef%bd%81${id.slice(1)}`,
  'another type': (id) => `/fhir/Observation/${id}`,
  'absolute form': (id) => `http://127.0.0.1/fhir/Patient/${id}`,
  'absolute form, other host': (id) => `http://example.org/fhir/Patient/${id}`,
  'absolute form, user': (id) => `http://region-operator@127.0.0.1/fhir/Patient/${id}`,
  'a host with no scheme': (id) => `//127.0.0.1/fhir/Patient/${id}`,
  fragment: (id) => `/fhir/Patient/${id}#a`,
  query: (id) => `/fhir/Patient?_id=${id}`,
  'query after a path': (id) => `/fhir/Patient/${id}?_format=json&_summary=true`,
  'the path as query': (id) => `/health?/fhir/Patient/${id}`,
};

const METRICS = [
  '/%6detrics', '/metric%73', '//metrics', '/./metrics', '/fhir/../metrics', '/fhir/%2e%2e/metrics', '/METRICS',
  '/health/../metrics', '/health;/metrics', '/metrics/', '/metrics;a', '/metrics%00', '/metrics%2f',
  '/metrics%20', '/metrics?a', '/metrics/health', '/%2fmetrics', '/%c0%afmetrics', '\\metrics',
  'http://127.0.0.1/metrics', 'http://127.0.0.1/health/../metrics',
];

const LEDGER = [
  '/ledger/checkpoint', '/ledger/proof', '/ledger/tile/0/000', '/ledger/tile/entries/000', '/ledger%2fcheckpoint',
  '/ledger//checkpoint', '/ledger/../health/../ledger/checkpoint', '/fhir/../ledger/checkpoint',
  '/ledger/checkpoint;a', '/ledger/checkpoint?a=b',
];

// No tile of hashes; entries are none at all.
const NO_TILES = [
  '/ledger/tile/entries/000', '/ledger/tile/entries/000.p/1', '/ledger/tile/../../region.key', '/ledger/tile/',
  '/ledger/tile/%2e%2e/%2e%2e/data', '/ledger/tile/0/..%2f..', '/ledger/tile/-1/000', '/ledger/tile/99/000',
  '/ledger/tile/0/000.p/0', '/ledger/tile/0/000.p/999', '/ledger/tile//etc/passwd',
  '/ledger/tile/0/x999/x999/x999/x999/x999/x999/x999/999',
];

const METHODS = [
  'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'GE', 'X-',
];

const OPEN = new Set(['/health?/fhir/Patient/']);

const PROXY_FIELDS = (path) => [
  `X-Original-URL: ${path}`, `X-Rewrite-URL: ${path}`, `X-Forwarded-Uri: ${path}`, 'X-Forwarded-For: 127.0.0.1',
  'X-Forwarded-Host: 127.0.0.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Prefix: /fhir',
  'X-Forwarded-User: region-operator', 'X-Remote-User: region-operator', 'X-Real-IP: 127.0.0.1',
  'Forwarded: for=127.0.0.1;host=localhost;proto=https', 'X-HTTP-Method-Override: POST',
  'X-HTTP-Method: POST', 'X-Method-Override: POST', 'X-Client-Cert: region-operator',
  'X-SSL-Client-Verify: SUCCESS', 'Via: 1.1 region', 'X-Custom-IP-Authorization: 127.0.0.1', 'Upgrade: h2c',
  'X-Role: R8000',
];

const CRLF = '\r\n';

export async function attackSmuggling(world) {
  const { target, doctor, stranger, bystander, receptionist, operator, victim, absent } = world;
  const both = [victim, absent].map((id) => `/fhir/Patient/${id}`);
  const nobody = await target.ask(both[0]);

  for (const [name, spelling] of Object.entries(SPELLINGS)) {
    await attack(`path: ${name}`, async () => {
      const alike = [victim, absent].flatMap((id) => [[id, 'ID'], [id.toUpperCase(), 'ID']]);
      const both = [spelling(victim), spelling(absent)];
      for (const token of [stranger, bystander]) {
        const refused = await target.askAlike(both, { token }, alike);
        assert(OPEN.has(spelling('')) || refused.status >= 400, `status ${refused.status}`);
      }
      const unknown = await target.ask(spelling(victim));
      if (unknown.status === 401) {
        assertAlike(unknown, nobody);
      } else {
        // What is no request, or open to all, is so before anybody is asked who they are.
        assertAlike(unknown, await target.ask(spelling(absent)), alike);
        assert(unknown.status === 400 || OPEN.has(spelling('')), `status ${unknown.status}`);
      }
    });
  }
  await attack('paths that the doctor may read can be read', async () => {
    for (const name of ['plain', 'percent-encoded', 'absolute form, other host']) {
      assert.equal(json(await target.ask(SPELLINGS[name](victim), { token: doctor })).id, victim);
    }
  });

  await attack('metrics are for operators, however they are spelt', async () => {
    assert.equal((await target.ask('/metrics', { token: operator })).status, 200);
    const nothing = await target.ask('/nonesuch', { token: doctor });
    assertAlike(await target.ask('/metrics', { token: doctor }), nothing);
    for (const path of METRICS) {
      for (const token of [doctor, world.citizen, world.otherSystem, receptionist]) {
        const answer = await target.ask(path, { token });
        if (answer.status !== 400) {
          assertAlike(answer, nothing);
        }
      }
      const answer = await target.ask(path);
      assert([400, 401].includes(answer.status), `${path}: ${answer.status}`);
    }
  });
  await attack('an operator sees nobody', async () => {
    for (const rest of ['', '/$everything', '/_history']) {
      const both = [victim, absent].map((id) => `/fhir/Patient/${id}${rest}`);
      assert.equal((await target.askAlike(both, { token: operator })).status, 404);
    }
  });
  await attack('the ledger is for who is signed in, however it is spelt', async () => {
    for (const path of LEDGER) {
      assertAlike(await target.ask(path), nobody);
    }
    const noTile = await target.ask('/ledger/tile/0/999', { token: doctor });
    assert.equal(noTile.status, 404);
    for (const path of NO_TILES) {
      assertAlike(await target.ask(path, { token: doctor }), noTile);
    }
  });

  await attack('fields for proxies change nothing', async () => {
    const mine = `/fhir/Patient/${victim}`;
    const each = PROXY_FIELDS(mine).map((line) => [line]);
    for (const fields of [...each, PROXY_FIELDS(mine), PROXY_FIELDS('/metrics')]) {
      assertAlike(await target.ask('/health', { fields }), await target.ask('/health'));
      assertAlike(await target.ask(mine, { fields }), nobody);
      await target.askAlike([mine, `/fhir/Patient/${absent}`], { fields, token: stranger });
      await target.askAlike(['/metrics', '/nonesuch'], { fields, token: doctor });
    }
  });
  await attack('methods that change things do nothing', async () => {
    for (const method of METHODS) {
      assertAlike(await target.ask(both[0], { method }), nobody);
      for (const token of [stranger, doctor]) {
        const { status } = await target.askAlike(both, { method, token, body: '{}' });
        assert.ok([403, 405, 415].includes(status), `${method} ${status}`);
      }
    }
  });
  await attack('a HEAD tells no more than a GET', async () => {
    await target.askAlike(both, { method: 'HEAD', token: stranger });
    await target.askAlike(both, { method: 'HEAD' });
  });

  // A second request hides behind the first one's end, as only one of two readers sees it.
  const hidden = requestBytes(`/fhir/Patient/${victim}`, { token: doctor }).toString('latin1');
  const post = `POST /fhir/Patient/_search HTTP/1.1${CRLF}Host: a${CRLF}`;
  const get = `GET /health HTTP/1.1${CRLF}Host: a${CRLF}`;
  const inChunks = `Transfer-Encoding: chunked${CRLF}`;
  const chunk = (size) => `${size}${CRLF}`;
  for (const [name, bytes] of Object.entries({
    'two hosts': `${get}Host: b${CRLF}${CRLF}`,
    'no host': `GET /health HTTP/1.1${CRLF}${CRLF}`,
    'a host with a path': `GET /health HTTP/1.1${CRLF}Host: a/fhir${CRLF}${CRLF}`,
    'two lengths': `${post}Content-Length: 0${CRLF}Content-Length: ${hidden.length}${CRLF}${CRLF}${hidden}`,
    'the same length twice': `${post}Content-Length: 0${CRLF}Content-Length: 0${CRLF}${CRLF}${hidden}`,
    'two lengths in one': `${post}Content-Length: 0, 0${CRLF}${CRLF}${hidden}`,
    'a length with a sign': `${post}Content-Length: +0${CRLF}${CRLF}${hidden}`,
    'a length below nothing': `${post}Content-Length: -1${CRLF}${CRLF}${hidden}`,
    'a length in hexadecimal': `${post}Content-Length: 0x0${CRLF}${CRLF}${hidden}`,
    'a length beyond numbers': `${post}Content-Length: 18446744073709551616${CRLF}${CRLF}${hidden}`,
    'length and chunks': `${post}Content-Length: 4${CRLF}${inChunks}${CRLF}${chunk(0)}${CRLF}${hidden}`,
    'chunks and length':
      `${post}${inChunks}Content-Length: ${hidden.length}${CRLF}${CRLF}${chunk(0)}${CRLF}${hidden}`,
    'chunks twice': `${post}${inChunks}${inChunks}${CRLF}${chunk(0)}${CRLF}${hidden}`,
    'chunks, then identity':
      `${post}Transfer-Encoding: chunked, identity${CRLF}${CRLF}${chunk(0)}${CRLF}${hidden}`,
    'chunks misspelt': `${post}Transfer-Encoding: xchunked${CRLF}${CRLF}${chunk(0)}${CRLF}${hidden}`,
    'chunks after a tab': `${post}Transfer-Encoding:\tchunked\x0b${CRLF}${CRLF}${chunk(0)}${CRLF}${hidden}`,
    'a space before a colon': `${post}Content-Length : 0${CRLF}${CRLF}${hidden}`,
    'a folded line': `${post}X: a${CRLF} Content-Length: 0${CRLF}${CRLF}${hidden}`,
    'a bare LF': `${post}X: a\nContent-Length: 0${CRLF}${CRLF}${hidden}`,
    'a bare CR': `${post}X: a\rContent-Length: 0${CRLF}${CRLF}${hidden}`,
    'a NUL': `${get}X: a\0b${CRLF}${CRLF}${hidden}`,
    'a space at the start': ` ${get}${CRLF}${hidden}`,
    'no version': `GET /health${CRLF}${CRLF}${hidden}`,
    'another version': `GET /health HTTP/1.2${CRLF}Host: a${CRLF}${CRLF}${hidden}`,
    'version 2': `PRI * HTTP/2.0${CRLF}${CRLF}SM${CRLF}${CRLF}`,
    'a chunk too large to count': `${post}${inChunks}${CRLF}${chunk('10000000000000000')}${hidden}`,
    'a chunk below nothing': `${post}${inChunks}${CRLF}${chunk('-1')}${hidden}`,
    'a chunk without an end': `${post}${inChunks}${CRLF}${chunk(1)}aa${CRLF}${hidden}`,
    'chunks ended by LF': `${post}${inChunks}${CRLF}0\n\n${hidden}`,
    'chunks in HTTP/1.0': `${post.replace('1.1', '1.0')}${inChunks}${CRLF}${chunk(0)}${CRLF}${hidden}`,
    'TLS': Buffer.from('16030100c8010000c40303', 'hex').toString('latin1').padEnd(300, '\x01'),
  })) {
    await attack(`framing: ${name}`, async () => {
      const answers = await target.raw(Buffer.from(bytes, 'latin1'));
      assert.equal(answers.length, 1, `${answers.length} answers`);
      assert([400, 408, 413, 414, 431, 501].includes(answers[0].status), `status ${answers[0].status}`);
      assert(!answers[0].body.includes(victim));
    });
  }
  await attack('a field ends where it ends', async () => {
    // Trailers and chunk extensions are read and ignored; the request after them is one of its own.
    const trailer = `Authorization: Bearer ${doctor}${CRLF}`;
    const bytes = `${post}${inChunks}${CRLF}${chunk('0;a=b')}${trailer}${CRLF}${get}${CRLF}`;
    const answers = await target.raw(Buffer.from(bytes, 'latin1'));
    assert.deepEqual(answers.map(({ status }) => status), [401, 200]);
  });
}
