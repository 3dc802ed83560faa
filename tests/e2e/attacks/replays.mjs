// What was given to one person, used by another; and questions that ask about somebody in a roundabout way.
import assert from 'node:assert/strict';

import { assertAlike, attack, field, json, shape } from './support.mjs';

const FORM = 'Content-Type: application/x-www-form-urlencoded';
const NEVER = 'BiologicallyDerivedProduct';
const NUMBERS = 'https://fhir.nhs.uk/Id/nhs-number';

const HISTORY_QUERIES = ['_count=0', '_count=1', '_count=x', '_page=AAAA', '_since=2020-01-01T00:00:00Z'];
const EVERYTHING_QUERIES = [
  '_asOf=t:1', '_asOf=t:0', '_asOf=t:999999999', '_asOf=2020-01-01T00:00:00Z', '_asOf=2999-01-01T00:00:00Z',
  '_asOf=x', '_since=1900-01-01T00:00:00Z', '_since=2999-01-01T00:00:00Z', '_type=Patient', '_type=Observation',
  '_type=Organization', '_type=Nonesuch', '_type=', 'start=1900', 'end=1900', 'start=2000&end=1999', '_count=0',
  '_count=1', '_count=-1', '_page=', '_page=AAAA',
];

// Questions about a Patient; nothing that is asked may make a refused one differ from an absent one.
const QUESTIONS = {
  read: (id) => [`/fhir/Patient/${id}`],
  'If-None-Match of the first version': (id) => [`/fhir/Patient/${id}`, { fields: ['If-None-Match: W/"1"'] }],
  'If-None-Match of any version': (id) => [`/fhir/Patient/${id}`, { fields: ['If-None-Match: *'] }],
  'If-None-Match of many versions': (id) => [`/fhir/Patient/${id}`,
    { fields: [`If-None-Match: ${Array.from({ length: 60 }, (_, i) => `W/"${i}"`).join(', ')}`] }],
  'If-Modified-Since': (id) => [`/fhir/Patient/${id}`,
    { fields: ['If-Modified-Since: Tue, 19 Jan 2038 03:14:07 GMT'] }],
  'If-Match': (id) => [`/fhir/Patient/${id}`, { fields: ['If-Match: W/"1"'] }],
  Range: (id) => [`/fhir/Patient/${id}`, { fields: ['Range: bytes=0-10'] }],
  'Expect': (id) => [`/fhir/Patient/${id}`, { fields: ['Expect: 200-ok'] }],
  gzip: (id) => [`/fhir/Patient/${id}`, { fields: ['Accept-Encoding: gzip'] }],
  'another type of answer': (id) => [`/fhir/Patient/${id}`, { fields: ['Accept: application/fhir+xml'] }],
  'another format': (id) => [`/fhir/Patient/${id}?_format=xml`],
  'an unknown parameter': (id) => [`/fhir/Patient/${id}?_summary=count`],
  'a parameter twice': (id) => [`/fhir/Patient/${id}?_format=json&_format=json`],
  ...Object.fromEntries(['1', '0', '2', '-1', '01', '4294967297', 'a', '1%00'].map((version) => [
    `version ${version}`, (id) => [`/fhir/Patient/${id}/_history/${version}`]])),
  'version 1, known': (id) => [`/fhir/Patient/${id}/_history/1`, { fields: ['If-None-Match: W/"1"'] }],
  history: (id) => [`/fhir/Patient/${id}/_history`],
  ...Object.fromEntries(HISTORY_QUERIES.map((query) => [
    `history ${query}`, (id) => [`/fhir/Patient/${id}/_history?${query}`]])),
  everything: (id) => [`/fhir/Patient/${id}/$everything`],
  'everything, encoded': (id) => [`/fhir/Patient/${id}/%24everything`],
  ...Object.fromEntries(EVERYTHING_QUERIES.map((query) => [
    `everything ${query}`, (id) => [`/fhir/Patient/${id}/$everything?${query}`]])),
  'who looked': (id) => [`/fhir/AuditEvent?patient=${id}`],
  'who looked, by reference': (id) => [`/fhir/AuditEvent?patient=Patient/${id}&_count=1`],
  'who looked, twice': (id) => [`/fhir/AuditEvent?patient=${id}&patient=${id}`],
  'who looked, by form': (id) => ['/fhir/AuditEvent/_search',
    { method: 'POST', fields: [FORM], body: `patient=${id}` }],
  'search by id': (id) => [`/fhir/Patient?_id=${id}`],
  'search by id as identifier': (id) => [`/fhir/Patient?identifier=${encodeURIComponent(NUMBERS)}%7C${id}`],
  'search by form': (id) => ['/fhir/Patient/_search', { method: 'POST', fields: [FORM], body: `_id=${id}` }],
  'search of others': (id) => [`/fhir/Observation?patient=${id}`],
  'search with chains': (id) => [`/fhir/Patient?_has:Observation:patient:code=x&_id=${id}`],
  compartment: (id) => [`/fhir/Patient/${id}/Observation`],
  operation: (id) => [`/fhir/Patient/${id}/$match`],
  'AuditEvent of the id': (id) => [`/fhir/AuditEvent/${id}`],
};

export async function attackReplays(world) {
  const { target, victim, absent, absentId, nhsNumber } = world;
  const { doctor, doctorInAnotherRole, nurse, receptionist, citizen } = world;
  const { stranger, bystander, operator, otherSystem } = world;
  const outsiders = [stranger, bystander, otherSystem, operator];
  const alike = [[victim, 'ID'], [absent, 'ID']];
  // Ways to ask for one resource.
  const itemPaths = ({ resourceType, id }) => ['', '/_history', '/_history/1'].map((rest) => (
    [id, absentId(id)].map((each) => `/fhir/${resourceType}/${each}${rest}`)));

  for (const [name, question] of Object.entries(QUESTIONS)) {
    await attack(`asked roundabout: ${name}`, async () => {
      for (const token of outsiders) {
        const ask = ([path, options]) => target.ask(path, { ...options, token });
        const refused = await ask(question(victim));
        assertAlike(refused, await ask(question(absent)), alike);
        assert(!refused.body.includes(nhsNumber));
      }
    });
  }
  await attack('the same questions have answers for who may ask', async () => {
    const ask = async (name, token = doctor) => {
      const [path, options] = QUESTIONS[name](victim);
      return target.ask(path, { ...options, token });
    };
    const names = ['read', 'version 1', 'history', 'everything', 'everything _type=Observation', 'If-Match'];
    for (const name of names) {
      const answer = await ask(name);
      assert.equal(answer.status, 200, name);
      assert(answer.body.includes(victim) || answer.body.includes('Observation'), name);
    }
    assert.equal((await ask('If-None-Match of the first version')).status, 304);
    assert.notEqual(json(await ask('who looked', citizen)).entry.length, 0);
  });

  const numberNobodyHas = '9999999999'; // well formed: its check digit is right
  await attack('a search by number tells a stranger nothing', async () => {
    for (const token of outsiders) {
      const numbers = [nhsNumber, numberNobodyHas];
      const same = numbers.map((number) => [number, 'NUMBER']);
      await target.askAlike(numbers.map(world.search), { token }, same);
      const [known, unknown] = await Promise.all(numbers.map((number) => target.ask('/fhir/Patient/_search', {
        token, method: 'POST', fields: [FORM], body: `identifier=${encodeURIComponent(`${NUMBERS}|${number}`)}`,
      })));
      assertAlike(known, unknown, same);
    }
    assert.equal(json(await target.ask(world.search(numberNobodyHas), { token: doctor })).total, 0);
  });

  // Items of the record
  const record = json(await target.ask(`/fhir/Patient/${victim}/$everything`, { token: doctor }));
  const items = record.entry.filter(({ search }) => search.mode === 'match').map(({ resource }) => resource);
  const types = [...new Set(items.map(({ resourceType }) => resourceType))];
  await attack('no item of the record tells a stranger that it is there', async () => {
    assert(types.length > 5, `only ${types.length} types`);
    for (const type of types) {
      const item = items.find(({ resourceType }) => resourceType === type);
      for (const token of outsiders) {
        for (const paths of itemPaths(item)) {
          assert.equal((await target.askAlike(paths, { token })).status, 404);
        }
      }
    }
  });
  await attack('a receptionist sees who somebody is, and nothing else', async () => {
    const seen = json(await target.ask(`/fhir/Patient/${victim}/$everything`, { token: receptionist }));
    const matches = seen.entry.filter(({ search }) => search.mode === 'match');
    assert.equal(seen.total, matches.length);
    const identity = ['Patient', 'RelatedPerson'];
    assert(matches.length > 0);
    assert(matches.every(({ resource }) => identity.includes(resource.resourceType)));
    for (const type of types.filter((name) => !identity.includes(name))) {
      const item = items.find(({ resourceType }) => resourceType === type);
      for (const paths of itemPaths(item)) {
        await target.askAlike(paths, { token: receptionist });
      }
      // Of a type there is in the record, and of one there never is.
      const [none, never] = await Promise.all([type, NEVER].map((name) => (
        target.ask(`/fhir/Patient/${victim}/$everything?_type=${name}`, { token: receptionist }))));
      assert.equal(json(none).total, 0);
      const lengths = [none, never].map((answer) => [`length: ${field(answer, 'content-length')}`, 'LENGTH']);
      assertAlike(none, never, [[type, 'TYPE'], [NEVER, 'TYPE'], ...lengths]);
    }
  });

  // Page tokens
  await attack('a page token is good for who was given it, in that role', async () => {
    const first = json(await target.ask(`/fhir/Patient/${victim}/$everything?_count=5`, { token: doctor }));
    const next = new URL(first.link.find(({ relation }) => relation === 'next').url);
    const path = next.pathname + next.search;
    assert.equal((await target.ask(path, { token: doctor })).status, 200);
    const damaged = (at) => path.slice(0, at) + (path[at] === 'A' ? 'B' : 'A') + path.slice(at + 1);
    const broken = await target.ask(damaged(path.length - 5), { token: doctor });
    assert.equal(broken.status, 400);
    for (const token of [nurse, receptionist, citizen, doctorInAnotherRole]) {
      assertAlike(await target.ask(path, { token }), broken);
    }
    for (const token of outsiders) {
      await target.askAlike([path, path.replace(victim, absent)], { token });
    }
    const otherPaths = [path.replace('_count=5', '_count=50'), path.replace('?', '?_type=Observation&'),
      damaged(path.indexOf('_page=') + 6)];
    for (const otherPath of otherPaths) {
      assertAlike(await target.ask(otherPath, { token: doctor }), broken);
    }
    const page = next.searchParams.get('_page');
    const elsewheres = [[doctor, `Patient/${victim}/_history?`], [citizen, `AuditEvent?patient=${victim}&`]];
    for (const [token, elsewhere] of elsewheres) {
      assertAlike(await target.ask(`/fhir/${elsewhere}_page=${page}`, { token }), broken);
    }
  });
  await attack("pages of who looked are the citizen's", async () => {
    const first = json(await target.ask(`/fhir/AuditEvent?patient=${victim}&_count=1`, { token: citizen }));
    const next = new URL(first.link.find(({ relation }) => relation === 'next').url);
    const path = next.pathname + next.search;
    assert.equal((await target.ask(path, { token: citizen })).status, 200);
    for (const token of [doctor, stranger, bystander]) {
      await target.askAlike([path, path.replace(victim, absent)], { token }, alike);
    }
  });

  // Who looked
  await attack('who looked at somebody is told to them alone', async () => {
    await target.ask(`/fhir/Patient/${victim}`, { token: stranger });
    for (const token of [stranger, bystander]) {
      const told = json(await target.ask(`/fhir/AuditEvent?patient=${victim}`, { token }));
      assert.equal((told.entry ?? []).filter(({ search }) => search?.mode !== 'outcome').length, 0);
    }
    const own = json(await target.ask(`/fhir/AuditEvent?patient=${victim}`, { token: nurse }));
    assert.equal((own.entry ?? []).length, 0, 'the nurse is told of what others did');
    for (const token of [operator, otherSystem]) {
      assert.equal((await target.ask(`/fhir/AuditEvent?patient=${victim}`, { token })).status, 404);
    }
  });

  // Receipts
  await attack("somebody else's receipt proves, and tells nothing", async () => {
    const read = await target.ask(`/fhir/Patient/${victim}`, { token: doctor });
    const receipt = field(read, 'x-receipt');
    const missed = field(await target.ask(`/fhir/Patient/${victim}`, { token: stranger }), 'x-receipt');
    const proofOf = (given, token) => target.ask(`/ledger/proof?receipt=${given}`, { token });
    // A receipt has its proof once a checkpoint covers it: within ten seconds.
    const giveUpAt = Date.now() + 30_000;
    let proof = await proofOf(missed, doctor);
    while (proof.status === 404 && Date.now() < giveUpAt) {
      await new Promise((resolve) => { setTimeout(resolve, 500); });
      proof = await proofOf(missed, doctor);
    }
    assert.equal(proof.status, 200);
    for (const given of [receipt, missed]) {
      for (const token of [stranger, bystander, operator]) {
        const answer = await proofOf(given, token);
        assert.equal(answer.status, 200);
        const members = Object.keys(json(answer)).sort();
        assert.deepEqual(members, ['checkpoint', 'leaf', 'number', 'path', 'receipt']);
        for (const secret of [victim, nhsNumber, 'Patient', 'read', 'gp-mill-lane', 'Q99002']) {
          assert(!answer.body.includes(secret), `the proof says ${secret}`);
        }
      }
    }
    // Numbers can be counted through, ids cannot be guessed: all say the same.
    const beyond = await proofOf(`999999-${'0'.repeat(32)}`, stranger);
    assert.equal(beyond.status, 404);
    const [number, id] = receipt.split('-');
    const nearly = id.slice(0, -1) + (id.endsWith('0') ? 1 : 0);
    const zeros = '0'.repeat(32);
    for (const guess of [`${number}-${zeros}`, `${Number(number) + 1}-${id}`, `0-${id}`, `${number}-${nearly}`]) {
      assertAlike(await proofOf(guess, stranger), beyond);
    }
    const noReceipts = ['', 'x', `-1-${id}`, `${number}-${id.slice(1)}`, `${number}-${id}0`,
      `18446744073709551616-${id}`, `${number}%00-${id}`];
    for (const wrong of noReceipts) {
      assert.equal((await proofOf(wrong, stranger)).status, 400, wrong);
    }
  });
  await attack('nothing about a person is in any refusal', async () => {
    const refusals = [];
    for (const question of Object.values(QUESTIONS)) {
      const [path, options] = question(victim);
      refusals.push(shape(await target.ask(path, { ...options, token: stranger })).replaceAll(victim, ''));
    }
    const patients = items.filter(({ resourceType }) => resourceType === 'Patient');
    const names = patients.flatMap(({ name }) => name.map(({ family }) => family));
    for (const secret of [nhsNumber, ...names]) {
      assert(refusals.every((text) => !text.includes(secret)), 'a refusal names somebody');
    }
  });
}
