// What a browser that signed in before meets.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser, REDIRECT } from '../client.mjs';
import { authorization, provider, read, redeem } from './support.mjs';

const isEnd = ({ url }) => `${url.origin}${url.pathname}` === REDIRECT;

async function claimsOf(issuer, end) {
  const answer = await redeem(issuer, end.url.searchParams.get('code'));
  return read(JSON.parse(answer.text).access_token).claims;
}

test('a session is remembered, unless it should not be', async (t) => {
  const { issuer } = await provider(t);
  const browser = new Browser();
  let page = await browser.open(authorization(issuer));
  assert.ok(!isEnd(page));
  page = await browser.open(page.url, { form: { account: 'citizen-1' } });
  assert.ok(isEnd(page));
  const again = await browser.open(authorization(issuer));
  assert.ok(isEnd(again));
  assert.equal((await claimsOf(issuer, again)).sub, 'citizen-1');

  page = await browser.open(authorization(issuer, { prompt: 'login' }));
  assert.match(page.text, /Choose who to sign in as/);
  page = await browser.open(page.url, { form: { account: 'gp-mill-lane-doctor' } });
  assert.equal((await claimsOf(issuer, page)).sub, 'gp-mill-lane-doctor');
  const other = await new Browser().open(authorization(issuer));
  assert.match(other.text, /Choose who to sign in as/);
});

test('two roles in two windows do not mix', async (t) => {
  const { issuer } = await provider(t);
  const browser = new Browser();
  const signIn = await browser.open(authorization(issuer));
  const first = await browser.open(signIn.url, { form: { account: 'two-hats' } });
  const second = await browser.open(authorization(issuer));
  for (const page of [first, second]) {
    assert.match(page.text, /Choose the role you work in/);
  }
  const unknown = await browser.open(first.url, { form: { role: '555000000101' } });
  assert.equal(unknown.status, 422);
  const none = await browser.open(first.url, { form: {} });
  assert.equal(none.status, 422);
  const ends = [await browser.open(first.url, { form: { role: '555000000201' } }),
    await browser.open(second.url, { form: { role: '555000000202' } })];
  assert.ok(ends.every(isEnd));
  assert.equal((await claimsOf(issuer, ends[0])).selected_roleid, '555000000201');
  assert.equal((await claimsOf(issuer, ends[1])).selected_roleid, '555000000202');
});

test('a session of one account does not answer for another', async (t) => {
  const { issuer } = await provider(t);
  const browser = new Browser();
  const page = await browser.open(authorization(issuer));
  await browser.open(page.url, { form: { account: 'two-hats' } });
  // The role page of two-hats is open; meanwhile somebody else signs in.
  const roles = await browser.open(authorization(issuer));
  const login = await browser.open(authorization(issuer, { prompt: 'login' }));
  const other = await browser.open(login.url, { form: { account: 'citizen-1' } });
  assert.equal((await claimsOf(issuer, other)).sub, 'citizen-1');
  const late = await browser.open(roles.url, { form: { role: '555000000201' } });
  assert.equal(late.status, 400);
  assert.ok(!isEnd(late));
});
