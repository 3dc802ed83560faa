// Whether the time an answer takes tells who is there. Requests for somebody refused, for nobody and for
// somebody else who is nobody take turns at random on one connection; the last two differ by chance alone and
// are the control.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';

import { attack, requestBytes } from './support.mjs';

const ROUNDS = 3; // one that passes is enough: a busy machine adds differences, and hides none
const EACH = 400;
const WARM = 50;
// Of a difference by chance: 1 in 2,000.
const Z_MAX = 3.5;

/** Mann-Whitney's U of two samples as a standard normal deviate, ties counted half. */
function deviate(one, other) {
  const all = [...one.map((ms) => [ms, 0]), ...other.map((ms) => [ms, 1])].sort(([a], [b]) => a - b);
  let ranks = 0;
  for (let i = 0; i < all.length;) {
    let end = i;
    while (end < all.length && all[end][0] === all[i][0]) {
      ++end;
    }
    for (let k = i; k < end; ++k) {
      ranks += all[k][1] === 0 ? (i + 1 + end) / 2 : 0;
    }
    i = end;
  }
  const [n, m] = [one.length, other.length];
  const u = ranks - (n * (n + 1)) / 2;
  return (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12);
}

const median = (sample) => [...sample].sort((a, b) => a - b)[sample.length >> 1];

/** Milliseconds that each of the requests takes, taking turns at random. */
async function measure(target, requests) {
  const connection = target.connect();
  const samples = requests.map(() => []);
  for (let i = 0; i < WARM + EACH * requests.length; ++i) {
    const which = crypto.randomInt(requests.length);
    const started = process.hrtime.bigint();
    connection.write(requests[which]);
    assert(await connection.answer(), 'no answer');
    if (i >= WARM) {
      samples[which].push(Number(process.hrtime.bigint() - started) / 1e6);
    }
  }
  connection.close();
  return samples;
}

export async function attackTiming({ target, stranger, bystander, doctor, victim, absent, absentId }) {
  const anybody = absentId(victim, 'df');
  const read = (id) => `/fhir/Patient/${id}`;
  const cases = [
    ['a stranger reads', stranger, read],
    ['a stranger reads the whole record', stranger, (id) => `${read(id)}/$everything`],
    ['a citizen reads', bystander, read],
    ['a citizen asks who looked', bystander, (id) => `/fhir/AuditEvent?patient=${id}`],
  ];
  await attack('the clock sees what is to be seen', async () => {
    const [shown, absentTimes] = await measure(target, [read(victim), `${read(absent)}/$everything`]
      .map((path) => requestBytes(path, { token: doctor })));
    const z = deviate(shown, absentTimes);
    assert(Math.abs(z) > Z_MAX, `somebody shown and nobody took the same time: z ${z.toFixed(1)}`);
  });
  for (const [name, token, path] of cases) {
    await attack(`time: ${name}`, async () => {
      const told = [];
      for (let round = 0; round < ROUNDS; ++round) {
        const [refused, nobody, control] = await measure(target, [victim, absent, anybody].map((id) => requestBytes(path(id), { token })));
        const z = deviate(refused, nobody);
        const zControl = deviate(control, nobody);
        told.push(`refused ${median(refused).toFixed(3)} ms, absent ${median(nobody).toFixed(3)} ms, `
          + `absent ${median(control).toFixed(3)} ms; z ${z.toFixed(1)}, control ${zControl.toFixed(1)}`);
        if (Math.abs(z) <= Math.max(Z_MAX, 2 * Math.abs(zControl))) {
          console.log(`time: ${name}: ${told.at(-1)}`);
          return;
        }
      }
      assert.fail(`the time tells who is there:\n${told.join('\n')}`);
    });
  }
}
