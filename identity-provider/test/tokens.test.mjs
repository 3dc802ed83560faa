// What the tokens say, by who asks.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { discover, signInPerson, signInSystem } from '../client.mjs';
import { readClientKey, SIGNING_ALGORITHMS } from '../keys.mjs';
import { BASE_URL, damaged, provider, read, verifies } from './support.mjs';

// RFC 9068 section 2.
function assertAccessToken({ header, claims }, { issuer, subject, client, seconds = 300 }) {
  assert.equal(header.typ, 'at+jwt');
  assert.equal(typeof header.kid, 'string');
  assert.equal(claims.iss, issuer);
  assert.equal(claims.aud, BASE_URL);
  assert.equal(claims.sub, subject);
  assert.equal(claims.client_id, client);
  assert.equal(claims.exp - claims.iat, seconds);
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 60);
  assert.ok(claims.jti.length >= 16);
}

const RFC_9068 = ['iss', 'aud', 'sub', 'client_id', 'exp', 'iat', 'jti', 'scope'];
const beyond = (claims) => Object.keys(claims).filter((name) => !RFC_9068.includes(name)).sort();

test('staff with one role', async (t) => {
  const idp = await provider(t);
  const { access_token } = await signInPerson({ ...idp, account: 'gp-mill-lane-doctor' });
  const token = read(access_token);
  assertAccessToken(token, {
    issuer: idp.issuer, subject: 'gp-mill-lane-doctor', client: 'continuum-demo',
  });
  assert.deepEqual(beyond(token.claims), ['nhsid_nrbac_roles', 'nhsid_useruid', 'selected_roleid']);
  assert.equal(token.claims.nhsid_useruid, '555000000001');
  assert.equal(token.claims.selected_roleid, '555000000101');
  assert.deepEqual(token.claims.nhsid_nrbac_roles, [{
    person_roleid: '555000000101',
    org_code: 'Q99002',
    role_name: 'Clinical Practitioner Access Role',
    role_code: 'S8000:G8000:R8000',
    activity_codes: ['B0370'],
    workgroups_codes: [],
  }]);
  assert.ok(await verifies(idp.issuer, access_token));
  assert.ok(!(await verifies(idp.issuer, damaged(access_token))));
});

test('staff with two roles choose one', async (t) => {
  const idp = await provider(t);
  await assert.rejects(signInPerson({ ...idp, account: 'two-hats' }),
    { code: 'role', message: /555000000201.*Q99001[^]*555000000202.*QX1/ });
  await assert.rejects(signInPerson({ ...idp, account: 'two-hats', role: '555000000101' }),
    { code: 'role' });
  const tokens = [];
  for (const role of ['555000000201', '555000000202']) {
    const { access_token } = await signInPerson({ ...idp, account: 'two-hats', role });
    const { claims } = read(access_token);
    assert.equal(claims.selected_roleid, role);
    assert.equal(claims.nhsid_nrbac_roles.length, 2);
    tokens.push(claims.jti);
  }
  assert.notEqual(tokens[0], tokens[1]);
});

test('citizens, by how well they are proofed', async (t) => {
  const idp = await provider(t);
  for (const [account, level] of [['citizen-1', 'P9'], ['citizen-p5', 'P5']]) {
    const { access_token } = await signInPerson({ ...idp, account });
    const token = read(access_token);
    assertAccessToken(token, { issuer: idp.issuer, subject: account, client: 'continuum-demo' });
    assert.deepEqual(beyond(token.claims), 
      ['birthdate', 'identity_proofing_level', 'nhs_number']);
    assert.equal(token.claims.identity_proofing_level, level);
    assert.equal(token.claims.nhs_number, '9990000018');
    assert.ok(await verifies(idp.issuer, access_token));
  }
});

test('systems and operators', async (t) => {
  const idp = await provider(t);
  for (const clientId of ['gp-mill-lane', 'region-operator']) {
    const jwk = readClientKey(idp.keys, clientId);
    const { access_token } = await signInSystem({ ...idp, clientId, jwk });
    const token = read(access_token);
    assertAccessToken(token, { issuer: idp.issuer, subject: clientId, client: clientId });
    assert.deepEqual(beyond(token.claims), []);
    assert.ok(await verifies(idp.issuer, access_token));
  }
});

test('a system with the key of another is refused', async (t) => {
  const idp = await provider(t);
  const jwk = readClientKey(idp.keys, 'region-operator');
  await assert.rejects(signInSystem({ ...idp, clientId: 'gp-mill-lane', jwk }),
    { code: 'refused', message: /invalid_client/ });
});

test('nobody is nobody', async (t) => {
  const idp = await provider(t);
  await assert.rejects(signInPerson({ ...idp, account: 'nobody' }), { code: 'account' });
});

test('every algorithm signs what the key set verifies', async (t) => {
  const { keys } = await provider(t);
  for (const algorithm of SIGNING_ALGORITHMS) {
    const idp = await provider(t, { keys, algorithm, tokenSeconds: 7 });
    const { access_token, expires_in } = await signInPerson({ ...idp, account: 'citizen-1' });
    assert.equal(read(access_token).header.alg, algorithm);
    assert.equal(expires_in, 7);
    const { claims } = read(access_token);
    assert.equal(claims.exp - claims.iat, 7);
    assert.ok(await verifies(idp.issuer, access_token), algorithm);
    assert.ok(!(await verifies(idp.issuer, damaged(access_token))), algorithm);
  }
});

test('the ID token names the person', async (t) => {
  const idp = await provider(t);
  const { id_token } = await signInPerson({ ...idp, account: 'gp-mill-lane-doctor' });
  const { claims } = read(id_token);
  assert.equal(claims.name, 'Dr <Ada> "Example"');
  assert.equal(claims.aud, 'continuum-demo');
  assert.ok(await verifies(idp.issuer, id_token));
});

test('tokens are for the region alone', async (t) => {
  const idp = await provider(t);
  await assert.rejects(
    signInPerson({ ...idp, baseUrl: 'http://127.0.0.1:9/fhir', account: 'citizen-1' }),
    { code: 'refused', message: /invalid_target/ });
  const jwk = readClientKey(idp.keys, 'gp-mill-lane');
  await assert.rejects(
    signInSystem({ ...idp, baseUrl: 'http://127.0.0.1:9/fhir', clientId: 'gp-mill-lane', jwk }),
    { code: 'refused', message: /invalid_target/ });
});

test('discovery says that this is for development', async (t) => {
  const idp = await provider(t);
  const document = await discover(idp.issuer);
  assert.equal(document.continuum_development_only, true);
  assert.deepEqual(document.code_challenge_methods_supported, ['S256']);
  assert.deepEqual(document.response_types_supported, ['code']);
});
