// Tokens that nobody should believe. The attacker has the issuer's own keys too, so that each forgery is
// wrong in one way only; what is signed with them and right in all is believed, which shows that.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

import { assertAlike, attack, requestBytes } from './support.mjs';

const base64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function signed(header, claims, sign) {
  const text = `${base64(header)}.${base64(claims)}`;
  return `${text}.${sign(Buffer.from(text)).toString('base64url')}`;
}

const es256 = (key, encoding = 'ieee-p1363') => (text) => crypto.sign('sha256', text, { key, dsaEncoding: encoding });

const parts = (token) => token.split('.').slice(0, 2)
  .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));

/** Every text that differs from `token` in one character, which is one of base64url or a dot. */
function* editedOnce(token) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let i = 0; i < token.length; ++i) {
    // The neighbour, which in the last place of a part differs in bits that no byte has.
    const at = alphabet.indexOf(token[i]);
    yield token.slice(0, i) + (at < 0 ? 'A' : alphabet[at ^ 1]) + token.slice(i + 1);
    yield token.slice(0, i) + (at < 0 ? '' : '.') + token.slice(i + 1);
  }
}

export async function attackTokens({ target, doctor, idToken, keys, issuer, baseUrl, victim, nhsNumber, birthDate }) {
  const path = `/fhir/Patient/${victim}`;
  const jwks = JSON.parse(fs.readFileSync(`${keys}/signing.jwks`, 'utf8')).keys;
  const jwkOf = (algorithm) => jwks.find(({ alg }) => alg === algorithm);
  const jwk = jwkOf('ES256');
  const key = crypto.createPrivateKey({ key: jwk, format: 'jwk' });
  const publicKey = crypto.createPublicKey(key);
  const { d, ...publicJwk } = jwk;
  const stranger = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const strangerJwk = stranger.publicKey.export({ format: 'jwk' });
  const [header, claims] = parts(doctor);
  const sign = es256(key);
  const without = (...names) => Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));
  const forged = (changes, sure = claims) => signed(header, { ...sure, ...changes }, sign);

  const nobody = await target.ask(path);
  assert.equal(nobody.status, 401);
  const refuses = async (name, token) => attack(name, async () => assertAlike(await target.ask(path, { token }), nobody));
  const refusesFields = async (name, ...fields) => attack(name, async () => assertAlike(await target.ask(path, { fields }), nobody));

  await attack('the token as it is is believed, and what its keys sign', async () => {
    assert.equal((await target.ask(path, { token: doctor })).status, 200);
    assert.equal((await target.ask(path, { token: signed(header, claims, sign) })).status, 200);
    assert.equal((await target.ask(path, { token: forged({ jti: 'another' }) })).status, 200);
  });

  // The signature
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null]) {
    await refuses(`alg ${alg}`, `${base64({ ...header, alg })}.${base64(claims)}.`);
    await refuses(`alg ${alg}, with a signature`, signed({ ...header, alg }, claims, sign));
  }
  const spki = publicKey.export({ format: 'pem', type: 'spki' });
  for (const [name, secret] of [['PEM', spki], ['PEM without its end', spki.trimEnd()],
    ['DER', publicKey.export({ format: 'der', type: 'spki' })], ['JWK', JSON.stringify(publicJwk)],
    ['point', Buffer.concat([Buffer.from([4]), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')])],
    ['nothing', '']]) {
    await refuses(`HS256 keyed with the public key: ${name}`, signed({ ...header, alg: 'HS256' }, claims,
      (text) => crypto.createHmac('sha256', secret).update(text).digest()));
  }
  await refuses('another key under the same kid', signed(header, claims, es256(stranger.privateKey)));
  for (const kid of [undefined, '', 'nonesuch', '../../etc/passwd', jwkOf('RS256').kid, `${header.kid} `, [header.kid]]) {
    await refuses(`kid ${kid}`, signed({ ...header, kid }, claims, sign));
  }
  await refuses('a signature in DER', signed(header, claims, es256(key, 'der')));
  await refuses('a signature of zeros', signed(header, claims, () => Buffer.alloc(64)));
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  await refuses('a signature of the order', signed(header, claims, () => Buffer.concat([order, order])));
  for (const alg of ['ES384', 'RS256', 'PS256', 'EdDSA']) {
    await refuses(`the ES256 key said to be of ${alg}`, signed({ ...header, alg }, claims, sign));
  }
  const rsa = crypto.createPrivateKey({ key: jwkOf('RS256'), format: 'jwk' });
  await refuses('the RS256 key used for PS256', signed({ ...header, alg: 'PS256', kid: jwkOf('RS256').kid }, claims,
    (text) => crypto.sign('sha256', text, { key: rsa, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })));

  // What the header points at must not even be fetched.
  let fetched = 0;
  const lure = http.createServer((_request, response) => {
    fetched += 1;
    response.end(JSON.stringify({ keys: [{ ...strangerJwk, kid: header.kid, alg: 'ES256', use: 'sig' }] }));
  });
  await new Promise((resolve) => { lure.listen(0, '127.0.0.1', resolve); });
  const lureUrl = `http://127.0.0.1:${lure.address().port}`;
  for (const member of [{ jwk: strangerJwk }, { jku: `${lureUrl}/jwks` }, { x5u: `${lureUrl}/certificate` },
    { x5c: ['MIIB'] }, { crit: ['exp'] }, { b64: false }, { zip: 'DEF' }, { enc: 'A256GCM' }]) {
    const [name] = Object.keys(member);
    await refuses(`a header with ${name}, of another key`, signed({ ...header, ...member }, claims, es256(stranger.privateKey)));
    await refuses(`a header with ${name}, of the right key`, signed({ ...header, ...member }, claims, sign));
  }
  await refuses('an issuer of the attacker', signed(header, { ...claims, iss: lureUrl }, es256(stranger.privateKey)));
  assert.equal(fetched, 0, 'it fetched what a token pointed at');
  lure.close();

  // The claims
  const now = Math.floor(Date.now() / 1000);
  for (const [name, changes] of Object.entries({
    expired: { iat: now - 400, exp: now - 100 },
    'not yet valid': { nbf: now + 100 },
    'of the future': { iat: now + 100, exp: now + 400 },
    'good for a day': { iat: now, exp: now + 86_400 },
    'ending before it began': { iat: now + 30, exp: now + 20 },
    'good until a text': { exp: String(now + 300) },
    'good until a fraction of nothing': { exp: -0.5 },
    'good for ever': { exp: 1e300 },
    'of an audience below': { aud: `${baseUrl}/Patient` },
    'of an audience with a slash': { aud: `${baseUrl}/` },
    'of another audience': { aud: 'http://127.0.0.1:8081/fhir' },
    'of other audiences': { aud: ['http://127.0.0.1:8081/fhir', baseUrl.toUpperCase()] },
    'of an audience that is an object': { aud: { [baseUrl]: true } },
    'of no audience': { aud: [] },
    'of another issuer': { iss: 'http://127.0.0.1:9' },
    'of its issuer with a slash': { iss: `${issuer}/` },
    'of its issuer in capitals': { iss: issuer.toUpperCase() },
    'of issuers': { iss: [issuer] },
    'of staff and a citizen': { nhs_number: nhsNumber, identity_proofing_level: 'P9' },
    'of staff and an operator': { client_id: 'region-operator', sub: 'region-operator' },
    'of staff and a system': { client_id: 'gp-mill-lane', sub: 'gp-mill-lane' },
    'of a role not had': { selected_roleid: '1' },
    'of no role': { nhsid_nrbac_roles: [], selected_roleid: undefined },
  })) {
    await refuses(`a token ${name}`, forged(changes));
  }
  for (const name of ['iss', 'aud', 'exp', 'iat', 'sub', 'client_id']) {
    await refuses(`a token without ${name}`, signed(header, without(name), sign));
  }
  const person = without(...Object.keys(claims).filter((name) => name.startsWith('nhsid_') || name === 'selected_roleid'));
  const citizen = { nhs_number: nhsNumber, identity_proofing_level: 'P9', birthdate: birthDate };
  await attack('a citizen whom the issuer vouches for is believed', async () => {
    assert.equal((await target.ask(path, { token: forged(citizen, person) })).status, 200);
  });
  for (const [name, changes] of Object.entries({
    'proofed less': { identity_proofing_level: 'P5' },
    'proofed in small letters': { identity_proofing_level: 'p9' },
    'with a spaced number': { nhs_number: nhsNumber.replace(/^(...)(...)/, '$1 $2 ') },
    'with two numbers': { nhs_number: [nhsNumber, nhsNumber] },
    'with a number that is one': { nhs_number: Number(nhsNumber) },
    'with a number of full-width digits': { nhs_number: String.fromCodePoint(...[...nhsNumber].map((c) => c.codePointAt(0) + 0xfee0)) },
    'with a number and a NUL': { nhs_number: `${nhsNumber}\u0000` },
  })) {
    await refuses(`a citizen ${name}`, forged({ ...citizen, ...changes }, person));
  }
  for (const typ of ['JWT', 'id_token+jwt', 'logout+jwt', '', undefined, ['at+jwt']]) {
    await refuses(`a token of type ${typ}`, signed({ ...header, typ }, claims, sign));
  }
  await refuses('the ID token of the same sign-in', idToken);

  // Two of the same: which would count?
  const twice = (text, member, value) => `{${JSON.stringify(member)}:${JSON.stringify(value)},${text.slice(1)}`;
  const plain = JSON.stringify(claims);
  for (const [name, text] of [
    ['sub', twice(plain, 'sub', claims.sub)],
    ['aud', twice(plain, 'aud', 'http://127.0.0.1:8081/fhir')],
    ['exp', twice(plain, 'exp', claims.exp)],
    ['sub, spelt otherwise', twice(plain, 'sub', claims.sub).replace('{"sub"', '{"s\\u0075b"')],
    ['nhsid_nrbac_roles', twice(plain, 'nhsid_nrbac_roles', claims.nhsid_nrbac_roles)],
  ]) {
    await refuses(`a claim twice: ${name}`, signed(header, text, sign));
  }
  await refuses('a header member twice', signed(twice(JSON.stringify(header), 'alg', 'none'), claims, sign));
  await refuses('claims with more behind them', signed(header, `${plain} {}`, sign));
  await refuses('claims that are a list', signed(header, `[${plain}]`, sign));
  await refuses('claims nested deeply', signed(header, plain.replace(/}$/, `,"x":${'['.repeat(3000)}${']'.repeat(3000)}}`), sign));

  // The text of the token, and the field
  await attack('a token edited in any one place', async () => {
    const connection = target.connect();
    const texts = [...editedOnce(doctor)];
    const expected = await target.ask(path, { token: 'x' });
    const BATCH = 100;
    for (let i = 0; i < texts.length; i += BATCH) {
      const batch = texts.slice(i, i + BATCH);
      connection.write(Buffer.concat(batch.map((token) => requestBytes(path, { token }))));
      for (const token of batch) {
        const answer = await connection.answer();
        assert.equal(answer?.status, 401, `edited: ${token}`);
        assert(answer.body.equals(expected.body));
      }
    }
    connection.close();
  });
  for (const [name, token] of [['nothing', ''], ['one dot', '.'], ['two dots', '..'], ['a part more', `${doctor}.${doctor.split('.')[2]}`],
    ['padding', `${doctor}=`], ['a line of base64', doctor.replaceAll('-', '+').replaceAll('_', '/')], ['the token twice', `${doctor}${doctor}`],
    ['a comma', `${doctor},`], ['a second token', `${doctor}, Bearer ${doctor}`], ['a space inside', doctor.replace('.', '. ')],
    ['quotes', `"${doctor}"`], ['UTF-8', `${doctor}\u00e9`], ['9 kB', signed(header, { ...claims, x: 'x'.repeat(6500) }, sign)],
    ['9 kB of A', 'A'.repeat(9000)]]) {
    if (name !== 'a line of base64' || token !== doctor) {
      await refuses(`a token with ${name}`, token);
    }
  }
  const good = `Authorization: Bearer ${doctor}`;
  await refusesFields('two Authorization fields, both good', good, good);
  await refusesFields('two Authorization fields, the second good', 'Authorization: Bearer x', good);
  await refusesFields('two Authorization fields, the first good', good, 'authorization: Basic eDp5');
  await refusesFields('another scheme', `Authorization: Basic ${doctor}`);
  await refusesFields('no scheme', `Authorization: ${doctor}`);
  await refusesFields('two schemes', `Authorization: Bearer Bearer ${doctor}`);
  await refusesFields('two spaces', `Authorization: Bearer  ${doctor}`);
  await refusesFields('DPoP', `Authorization: DPoP ${doctor}`);
  await refusesFields('Proxy-Authorization', `Proxy-Authorization: Bearer ${doctor}`);
  await refusesFields('X-Authorization', `X-Authorization: Bearer ${doctor}`, `X-Forwarded-Authorization: Bearer ${doctor}`);
  await refusesFields('a cookie', `Cookie: access_token=${doctor}; Authorization=Bearer ${doctor}`);
  await attack('a token in query or form', async () => {
    assertAlike(await target.ask(`${path}?access_token=${doctor}`), nobody);
    assertAlike(await target.ask('/fhir/Patient/_search', {
      method: 'POST', fields: ['Content-Type: application/x-www-form-urlencoded'], body: `access_token=${doctor}`,
    }), nobody);
  });
  await attack('a scheme in any case is the same scheme', async () => {
    for (const scheme of ['bearer', 'BEARER', 'BeArEr']) {
      const fields = [`Authorization: ${scheme} ${doctor}`];
      assert.equal((await target.ask(path, { fields })).status, 200);
    }
  });
}
