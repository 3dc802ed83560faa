// The two programs as their users run them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import {
  ACCOUNTS, BASE_URL, copyOfKeys, FOLDER, provider, read, temporaryFolder,
} from './support.mjs';

// Without the caller's own settings.
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('CONTINUUM_')));

function run(program, args, environment = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(FOLDER, program), ...args],
      { env: { ...ENVIRONMENT, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (part) => { text.stdout += part; });
    child.stderr.on('data', (part) => { text.stderr += part; });
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

test('sign-in prints a token and nothing else', async (t) => {
  const { issuer, keys } = await provider(t);
  const where = ['--issuer', issuer, '--base-url', BASE_URL];
  const staff = await run('sign-in', ['gp-mill-lane-doctor', ...where]);
  assert.deepEqual([staff.code, staff.stderr], [0, '']);
  assert.match(staff.stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  assert.equal(read(staff.stdout).claims.nhsid_useruid, '555000000001');

  const none = await run('sign-in', ['two-hats', ...where]);
  assert.deepEqual([none.code, none.stdout], [4, '']);
  assert.match(none.stderr, /555000000202 {2}Receptionist at QX1/);
  const chosen = await run('sign-in', ['two-hats', ...where, '--role', '555000000202']);
  assert.equal(read(chosen.stdout).claims.selected_roleid, '555000000202');

  const environment = {
    CONTINUUM_ISSUER: issuer, CONTINUUM_BASE_URL: BASE_URL, CONTINUUM_IDP_KEYS: keys,
  };
  const system = await run('sign-in', ['region-operator'], environment);
  assert.deepEqual([system.code, system.stderr], [0, '']);
  assert.equal(read(system.stdout).claims.sub, 'region-operator');
  const citizen = await run('sign-in', ['citizen-1'], environment);
  assert.equal(read(citizen.stdout).claims.identity_proofing_level, 'P9');
});

test('sign-in says what is wrong', async (t) => {
  const { issuer } = await provider(t);
  const where = ['--issuer', issuer, '--base-url', BASE_URL];
  for (const [args, code, said] of [
    [['--help'], 0, /^$/],
    [[], 2, /one account/],
    [['a', 'b', ...where], 2, /one account/],
    [['../a', ...where], 2, /no name/],
    [['citizen-1'], 2, /CONTINUUM_ISSUER/],
    [['citizen-1', '--issuer', issuer], 2, /CONTINUUM_BASE_URL/],
    [['citizen-1', ...where, '--rol', 'x'], 2, /--rol/],
    [['nobody', ...where], 3, /nobody is called 'nobody'.*--keys/],
    [['citizen-1', '--issuer', issuer, '--base-url', 'http://other/'], 1, /invalid_target/],
    [['citizen-1', '--issuer', 'http://127.0.0.1:1', '--base-url', BASE_URL], 5, /ECONNREFUSED/],
    [['citizen-1', '--issuer', 'http://192.0.2.1', '--base-url', BASE_URL], 5, /loopback/],
  ]) {
    const answer = await run('sign-in', args);
    assert.equal(answer.code, code, `${args}: ${answer.stderr}`);
    assert.match(answer.stderr, said);
    assert.equal(answer.stdout.length > 0, args[0] === '--help');
  }
});

test('the server says where it is, and stops when asked', async (t) => {
  const child = spawn(process.execPath, [path.join(FOLDER, 'server.mjs'), '--accounts', ACCOUNTS,
    '--base-url', BASE_URL, '--keys', copyOfKeys(t)],
  { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (part) => { stderr += part; });
  const line = await new Promise((resolve) => { child.stdout.once('data', resolve); });
  const [, issuer] = /^issuer (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(line);
  const token = await run('sign-in', ['citizen-1', '--issuer', issuer, '--base-url', BASE_URL]);
  assert.equal(token.code, 0);
  child.kill('SIGTERM');
  assert.equal(await new Promise((resolve) => { child.once('close', resolve); }), 0);
  assert.equal(stderr, '');
});

test('the server refuses what it should', async (t) => {
  const keys = ['--keys', path.join(temporaryFolder(t), 'keys')];
  const good = ['--accounts', ACCOUNTS, '--base-url', BASE_URL, ...keys];
  for (const [args, said] of [
    [[...good, '--address', '0.0.0.0'], /0\.0\.0\.0.*loopback/],
    [[...good, '--port', 'x'], /--port/],
    [[...good, '--token-seconds', '0'], /--token-seconds/],
    [['--base-url', BASE_URL, ...keys], /--accounts is missing/],
    [['--accounts', `${ACCOUNTS}.absent`, '--base-url', BASE_URL, ...keys], /file .*absent/],
    [[...good, '--nonsense'], /--nonsense/],
  ]) {
    const answer = await run('server.mjs', args);
    assert.equal(answer.code, 2, args.join(' '));
    assert.match(answer.stderr, said);
    assert.equal(answer.stdout, '');
  }
});
