// What the provider must not do.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { AccountsError, accountsOf, readAccounts } from '../accounts.mjs';
import { Browser, clientAssertion, exchange, REDIRECT } from '../client.mjs';
import { readClientKey } from '../keys.mjs';
import { isLoopbackAddress } from '../loopback.mjs';
import { BoundedMap, memoryAdapter } from '../memory.mjs';
import { OptionsError, startProvider } from '../provider.mjs';
import {
  ACCOUNTS, authorization, BASE_URL, provider, redeem, temporaryFolder,
} from './support.mjs';

test('loopback is told from the rest', () => {
  for (const address of ['127.0.0.1', '127.8.9.10', '::1']) {
    assert.ok(isLoopbackAddress(address), address);
  }
  for (const address of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost', 'a.example', '']) {
    assert.ok(!isLoopbackAddress(address), address);
  }
});

test('options that make no sense are refused', async (t) => {
  const keys = path.join(temporaryFolder(t), 'keys');
  const good = { accounts: readAccounts(ACCOUNTS), baseUrl: BASE_URL, keys };
  for (const bad of [
    { address: '0.0.0.0' }, { address: '::' }, { address: 'localhost' }, { port: -1 },
    { port: 65536 }, { tokenSeconds: 0 }, { tokenSeconds: 43201 }, { algorithm: 'none' },
    { algorithm: 'HS256' }, { baseUrl: '/fhir' }, { baseUrl: `${BASE_URL}?a=b` },
    { baseUrl: 'ftp://127.0.0.1/fhir' },
  ]) {
    await assert.rejects(startProvider({ ...good, ...bad }),
      (error) => error instanceof OptionsError, JSON.stringify(bad));
  }
  assert.ok(!fs.existsSync(keys));
});

test('an authorization request is answered with the sign-in page', async (t) => {
  const { issuer } = await provider(t);
  const answer = await exchange(authorization(issuer));
  assert.equal(answer.status, 303);
  assert.match(answer.headers.location, /^\/interaction\//);
});

test('a redirect to anywhere else is refused, and not followed', async (t) => {
  const { issuer } = await provider(t);
  for (const redirect of ['http://example.org/callback', 'http://127.0.0.1/other',
    'https://127.0.0.1/callback', 'http://127.0.0.1.example.org/callback', undefined]) {
    const answer = await exchange(authorization(issuer, { redirect_uri: redirect }));
    assert.equal(answer.status, 400, redirect);
    assert.equal(answer.headers.location, undefined, redirect);
    assert.match(answer.text, /role="alert"/, redirect);
  }
});

test('a loopback redirect may have any port', async (t) => {
  const { issuer } = await provider(t);
  for (const redirect of ['http://127.0.0.1:1234/callback', 'http://localhost:5173/callback']) {
    const answer = await exchange(authorization(issuer, { redirect_uri: redirect }));
    assert.equal(answer.status, 303, redirect);
    assert.match(answer.headers.location, /^\/interaction\//, redirect);
  }
});

test('PKCE with S256 is required', async (t) => {
  const { issuer } = await provider(t);
  for (const changes of [
    { code_challenge: undefined, code_challenge_method: undefined },
    { code_challenge_method: undefined },
    { code_challenge_method: 'plain' },
    { code_challenge: 'short' },
  ]) {
    const answer = await exchange(authorization(issuer, changes));
    const back = new URL(answer.headers.location, issuer);
    assert.equal(`${back.origin}${back.pathname}`, REDIRECT, JSON.stringify(changes));
    assert.equal(back.searchParams.get('error'), 'invalid_request');
    assert.equal(back.searchParams.get('code'), null);
  }
});

test('no other flow and no other client', async (t) => {
  const { issuer } = await provider(t);
  for (const type of ['token', 'id_token', 'code id_token']) {
    const answer = await exchange(authorization(issuer, { response_type: type }));
    assert.doesNotMatch(answer.headers.location ?? '', /^\/interaction\//, type);
  }
  assert.equal((await exchange(authorization(issuer, { client_id: 'stranger' }))).status, 400);
  const system = await exchange(authorization(issuer, { client_id: 'gp-mill-lane' }));
  assert.equal(system.status, 400);
});

// Signs in as far as the code, so that its exchange can be got wrong.
async function codeOf(issuer, account = 'citizen-1') {
  const browser = new Browser();
  const page = await browser.open(authorization(issuer));
  const end = await browser.open(page.url, { form: { account } });
  return end.url.searchParams.get('code');
}

test('a code needs its verifier and works once', async (t) => {
  const { issuer } = await provider(t);
  const wrong = await redeem(issuer, await codeOf(issuer), { code_verifier: 'w'.repeat(43) });
  assert.equal(wrong.status, 400);
  assert.equal(JSON.parse(wrong.text).error, 'invalid_grant');
  const code = await codeOf(issuer);
  assert.equal((await redeem(issuer, code)).status, 200);
  assert.equal(JSON.parse((await redeem(issuer, code)).text).error, 'invalid_grant');
});

test('pages of this machine may redeem a code from a script, others may not', async (t) => {
  const { issuer } = await provider(t);
  for (const [origin, allowed] of [['http://127.0.0.1:5173', true], ['http://localhost:8080', true],
    ['https://example.org', false], ['http://127.0.0.1.example.org', false], ['null', false]]) {
    const answer = await redeem(issuer, await codeOf(issuer), {}, { origin });
    assert.equal(answer.headers['access-control-allow-origin'],
      allowed ? origin : undefined, origin);
    assert.equal(answer.status, allowed ? 200 : 400, origin);
  }
});

test('an application that names no resource still gets a token for the region', async (t) => {
  const { issuer } = await provider(t);
  const { access_token } = JSON.parse((await redeem(issuer, await codeOf(issuer))).text);
  const claims = JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url'));
  assert.equal(claims.aud, BASE_URL);
});

test('an assertion works once', async (t) => {
  const { issuer, keys } = await provider(t);
  const form = {
    grant_type: 'client_credentials',
    resource: BASE_URL,
    client_id: 'gp-mill-lane',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: clientAssertion(readClientKey(keys, 'gp-mill-lane'), 'gp-mill-lane', issuer),
  };
  assert.equal((await exchange(`${issuer}/token`, { form })).status, 200);
  assert.equal((await exchange(`${issuer}/token`, { form })).status, 401);
  delete form.client_assertion;
  delete form.client_assertion_type;
  assert.notEqual((await exchange(`${issuer}/token`, { form })).status, 200);
});

test('the pages escape names, show no NHS number and allow no scripts', async (t) => {
  const { issuer } = await provider(t);
  const started = await exchange(authorization(issuer));
  const cookie = started.headers['set-cookie'].map((line) => line.split(';')[0]).join('; ');
  const url = new URL(started.headers.location, issuer);
  const page = await exchange(url, { headers: { cookie } });
  assert.equal(page.status, 200);
  assert.match(page.text, /For development only/);
  assert.match(page.text, /Dr &lt;Ada&gt; &quot;Example&quot;/);
  assert.doesNotMatch(page.text, /9990000018|<script|<Ada>/);
  assert.match(page.headers['content-security-policy'], /default-src 'none'/);
  const unknown = await exchange(url, { headers: { cookie }, form: { account: 'nobody' } });
  assert.equal(unknown.status, 422);
  assert.match(unknown.text, /role="alert"/);
  const large = await exchange(url, { headers: { cookie }, form: { account: 'a'.repeat(9000) } });
  assert.equal(large.status, 413);
  assert.equal((await exchange(url)).status, 400);
  assert.equal((await exchange(url, { headers: { cookie }, method: 'DELETE' })).status, 405);
});

function statusFor(issuer, host) {
  return new Promise((resolve, reject) => {
    http.get(`${issuer}/.well-known/openid-configuration`, { headers: { host }, agent: false },
      (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
}

test('it answers to its own name only', async (t) => {
  const { issuer } = await provider(t);
  assert.equal(await statusFor(issuer, new URL(issuer).host), 200);
  assert.equal(await statusFor(issuer, `rebound.example:${new URL(issuer).port}`), 421);
});

test('the key set holds no private member', async (t) => {
  const { issuer } = await provider(t);
  const { keys } = JSON.parse((await exchange(`${issuer}/jwks`)).text);
  assert.deepEqual(keys.map((key) => key.alg).sort(), ['ES256', 'EdDSA', 'PS256', 'RS256']);
  for (const key of keys) {
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) {
      assert.ok(!(member in key), member);
    }
  }
});

test('keys are private, stay, and are refused when others can read them', async (t) => {
  const first = await provider(t, { keys: path.join(temporaryFolder(t), 'new', 'keys') });
  const file = path.join(first.keys, 'signing.jwks');
  const client = path.join(first.keys, 'clients', 'gp-mill-lane.jwk');
  for (const each of [file, client]) {
    assert.equal(fs.statSync(each).mode & 0o777, 0o600);
  }
  assert.equal(fs.statSync(first.keys).mode & 0o777, 0o700);
  const before = fs.readFileSync(file, 'utf8');
  await provider(t, { keys: first.keys });
  assert.equal(fs.readFileSync(file, 'utf8'), before);
  fs.chmodSync(client, 0o644);
  await assert.rejects(provider(t, { keys: first.keys }), /chmod 600/);
  fs.chmodSync(client, 0o600);
  fs.writeFileSync(client, '{"kty":"EC","d":"SECRET"');
  await assert.rejects(provider(t, { keys: first.keys }),
    (error) => error.constructor.name === 'KeysError' && !error.message.includes('SECRET'));
});

test('accounts are checked', () => {
  const good = () => JSON.parse(fs.readFileSync(ACCOUNTS, 'utf8'));
  assert.equal(accountsOf(good()).staff.size, 2);
  const bad = {
    'staff[0].account': (content) => { content.staff[0].account = '../key'; },
    'staff[0].roles': (content) => { content.staff[0].roles = []; },
    'staff[1].roles': (content) => { content.staff[1].roles[1] = content.staff[1].roles[0]; },
    'staff[0].roles[0].org_code': (content) => { content.staff[0].roles[0].org_code = 7; },
    'citizens[0].nhs_number': (content) => { content.citizens[0].nhs_number = '999'; },
    'citizens[1].identity_proofing_level':
      (content) => { content.citizens[1].identity_proofing_level = 'P8'; },
    'systems[0].client_id': (content) => { delete content.systems[0].client_id; },
    'citizen-1': (content) => { content.operators[0].client_id = 'citizen-1'; },
    systems: (content) => { content.systems = {}; },
    'the file': (content) => { Object.keys(content).forEach((name) => delete content[name]); },
  };
  for (const [where, damage] of Object.entries(bad)) {
    const content = good();
    damage(content);
    assert.throws(() => accountsOf(content),
      (error) => error instanceof AccountsError && error.message.startsWith(`${where}:`), where);
  }
});

test('what is kept is bounded and ends', async () => {
  const map = new BoundedMap(2);
  ['a', 'b', 'a', 'c'].forEach((key) => map.set(key, key));
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], ['a', undefined, 'c']);
  let now = 1000;
  const adapter = memoryAdapter(() => now);
  const codes = adapter('AuthorizationCode');
  await adapter('Interaction').upsert('one', { grantId: 'g' }, 60);
  await codes.upsert('one', { grantId: 'g' }, 60);
  await codes.upsert('two', { grantId: 'h' }, 60);
  await codes.consume('one');
  assert.equal((await codes.find('one')).consumed, 1);
  await codes.revokeByGrantId('g');
  assert.equal(await codes.find('one'), undefined);
  assert.notEqual(await adapter('Interaction').find('one'), undefined);
  now += 59_999;
  assert.notEqual(await codes.find('two'), undefined);
  now += 1;
  assert.equal(await codes.find('two'), undefined);
});
