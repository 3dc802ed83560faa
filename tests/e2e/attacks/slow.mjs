// Requests that take their time or take too much. Others must be served meanwhile. The region under attack
// allows a request 2 seconds and 128 connections.
import assert from 'node:assert/strict';

import { attack, field, json, requestBytes, sleep } from './support.mjs';

const REQUEST_MS = 2000;
// Until what is slow is cut: the limit, the server's step and a busy machine.
const CUT_MS = REQUEST_MS + 6000;
const SERVED_MS = 1500;
const SLOW = 14; // of each way; all of them fit into the connections there may be
const CONNECTIONS = 128;
const FORM = 'Content-Type: application/x-www-form-urlencoded';

/** Writes a byte now and then until the server has had enough. Answers with how long that took. */
async function trickle(target, begin, next) {
  const connection = target.connect();
  const started = Date.now();
  connection.write(begin);
  let ended = false;
  const writing = (async () => {
    for (let i = 0; !ended; ++i) {
      await sleep(250);
      connection.write(next(i));
    }
  })();
  const answer = await connection.answer('GET', CUT_MS);
  const closed = await connection.end(CUT_MS);
  ended = true;
  await writing;
  connection.close();
  return { answer, closed, ms: Date.now() - started };
}

/** Asks again and again while `slow` lasts. Answers with the slowest. */
async function serveMeanwhile({ target, doctor, victim }, slow) {
  let done = false;
  const waiting = slow.finally(() => { done = true; });
  let slowest = 0;
  while (!done) {
    const started = Date.now();
    const answer = await target.ask(`/fhir/Patient/${victim}`, { token: doctor });
    assert.equal(answer.status, 200);
    slowest = Math.max(slowest, Date.now() - started);
    await sleep(50);
  }
  await waiting;
  assert(slowest < SERVED_MS, `others waited ${slowest} ms`);
}

export async function attackSlowly(world) {
  const { target, doctor, victim } = world;
  const get = `/fhir/Patient/${victim}`;
  const post = requestBytes('/fhir/Patient/_search', {
    token: doctor, method: 'POST', fields: [FORM, 'Content-Length: 100000'],
  });
  const chunked = requestBytes('/fhir/Patient/_search', {
    token: doctor, method: 'POST', fields: ['Transfer-Encoding: chunked'],
  });
  const header = requestBytes(get, { token: doctor }).subarray(0, -2);
  const ways = {
    'a header by fields': [header, (i) => `X-${i}: a\r\n`],
    'a header by bytes': [header.subarray(0, 5), (i) => header.subarray(5 + i, 6 + i)],
    'nothing but ends of lines': ['', () => '\r\n'],
    'a body': [post, () => 'a'],
    'a body in chunks': [chunked, () => '1\r\na\r\n'],
    'a chunk extension': [`${chunked}1;`, () => 'a'],
    'half a header, then silence': [header, () => ''],
  };
  // All at once, and others in between.
  const slow = Object.entries(ways).map(([name, way]) => [
    name, Promise.all(Array.from({ length: SLOW }, () => trickle(target, ...way)))]);
  await attack('slow: others are served meanwhile',
    () => serveMeanwhile(world, Promise.all(slow.map(([, cut]) => cut))));
  for (const [name, trickles] of slow) {
    await attack(`slow: ${name}`, async () => {
      for (const { answer, closed, ms } of await trickles) {
        assert(closed, 'it was not cut');
        assert(ms < CUT_MS, `it was cut after ${ms} ms`);
        assert(answer === undefined || answer.status === 408, `status ${answer?.status}`);
      }
    });
  }
  await attack('slow: answers that nobody reads', async () => {
    const connections = Array.from({ length: 10 }, () => target.connect());
    for (const connection of connections) {
      connection.pause();
      connection.write(Buffer.concat(Array(100).fill(requestBytes(`${get}/$everything`, { token: doctor }))));
    }
    await serveMeanwhile(world, sleep(CUT_MS / 2));
    for (const connection of connections) {
      connection.close();
    }
  });
  await attack('more connections than there may be', async () => {
    const held = Array.from({ length: CONNECTIONS + 20 }, () => target.connect());
    const refused = [];
    for (const connection of held) {
      refused.push(connection.answer('GET', 1000));
    }
    const answers = (await Promise.all(refused)).filter((answer) => answer !== undefined);
    assert(answers.length >= 20, `${answers.length} refused`);
    for (const answer of answers) {
      assert.equal(answer.status, 503);
      assert.equal(field(answer, 'retry-after'), '1');
    }
    for (const connection of held) {
      connection.close();
    }
    for (let i = 0; ; ++i) {
      const answer = await target.ask(get, { token: doctor });
      if (answer.status === 200) {
        break;
      }
      assert(i < 50, 'connections are not given back');
      await sleep(100);
    }
  });
  await attack('requests sent before they are answered', async () => {
    const connection = target.connect();
    const COUNT = 500;
    const path = (i) => (i % 2 ? get : '/health');
    const requests = Array.from({ length: COUNT }, (_, i) => requestBytes(path(i), { token: doctor }));
    connection.write(Buffer.concat(requests));
    for (let i = 0; i < COUNT; ++i) {
      const answer = await connection.answer();
      assert.equal(answer?.status, 200, `answer ${i}`);
      assert.equal(json(answer).status, i % 2 ? undefined : 'up', `answer ${i} is to another request`);
    }
    connection.close();
  });

  const form = (body, fields = []) => ({
    token: doctor, method: 'POST', body, fields: [FORM, ...fields],
  });
  const many = (count, of) => Array.from({ length: count }, (_, i) => of(i)).join('&');
  for (const [name, status, path, options] of [
    ['a target of 9 kB', 414, `/${'a'.repeat(9000)}`],
    ['a query of 100 kB', 414, `${get}?${'a'.repeat(100_000)}`],
    ['100,000 parameters in a query', 414, `${get}?${many(100_000, (i) => `p${i}=1`)}`],
    ['2,000 short parameters', 413, `${get}?${'a&'.repeat(2000)}`, { token: doctor }],
    ['a header of 40 kB', 431, get, { fields: [`X: ${'a'.repeat(40_000)}`] }],
    ['200 fields', 431, get, { fields: Array.from({ length: 200 }, (_, i) => `X-${i}: a`) }],
    ['100,000 parameters in a form', 413, '/fhir/Patient/_search', form(many(100_000, (i) => `p${i}=1`))],
    ['a value of 500 kB', 413, '/fhir/Patient/_search', form(`identifier=${'a'.repeat(500_000)}`)],
    ['a path of 500 segments', 404, `/fhir/Patient${'/a'.repeat(500)}`, { token: doctor }],
    ['an Accept of 10 kB', 406, get, { token: doctor, fields: [`Accept: ${'a/b,'.repeat(2500)}a/b`] }],
    ['an If-None-Match of 10 kB', 200, get,
      { token: doctor, fields: [`If-None-Match: ${'W/"9",'.repeat(1700)}W/"9"`] }],
  ]) {
    await attack(`huge: ${name}`, async () => assert.equal((await target.ask(path, options)).status, status));
  }
  // Beyond what the server still reads after its answer, the connection may be cut before we see it.
  await attack('huge: a form of 2 MB', async () => {
    const { method, fields, body } = form('a'.repeat(2_000_000));
    const answers = await target.raw(requestBytes('/fhir/Patient/_search', { token: doctor, method, fields, body }));
    assert(answers.every(({ status }) => status === 413) && answers.length <= 1);
  });
  await attack('huge: a body in chunks of 2 MB', async () => {
    const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`;
    const answers = await target.raw(Buffer.concat([chunked, Buffer.from(chunk.repeat(32))]));
    assert(answers.every(({ status }) => status === 413) && answers.length <= 1);
  });
  await attack('huge: a body announced and not sent', async () => {
    const answers = await target.raw(requestBytes('/fhir/Patient/_search', {
      token: doctor, method: 'POST', fields: ['Content-Length: 99999999999'],
    }));
    assert.deepEqual(answers.map(({ status }) => status), [413]);
  });
}
