// Getting a token as an application does: the authorization code flow with PKCE through the pages,
// or client credentials with a signed assertion.
import crypto from 'node:crypto';
import http from 'node:http';

import {
  ASSERTION_SECONDS, REDIRECTS_MAX, RESPONSE_BYTES_MAX, RESPONSE_MS_MAX,
} from './limits.mjs';
import { isLoopbackUrl } from './loopback.mjs';

export const CLIENT = 'continuum-demo';
// Nothing needs to listen there: the redirect is read, not followed.
export const REDIRECT = 'http://127.0.0.1/callback';

/** `code`: account, role, refused, protocol, unreachable. */
export class SignInError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const FORM = 'application/x-www-form-urlencoded';

/**
 * One HTTP exchange; redirects are not followed.
 * @param {string | URL} address
 * @param {{method?: string, headers?: object, form?: Record<string, string>}} [options]
 * @returns {Promise<{status: number, headers: http.IncomingHttpHeaders, text: string}>}
 */
export function exchange(address, { method, headers = {}, form } = {}) {
  const url = new URL(address);
  if (url.protocol !== 'http:' || !isLoopbackUrl(url)) {
    throw new SignInError('unreachable', `${url.origin} is not http on a loopback address`);
  }
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  return new Promise((resolve, reject) => {
    const fail = (error) => {
      reject(new SignInError('unreachable', `${url.origin}: ${error.message}`));
    };
    const request = http.request(url, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: body === undefined ? headers
        : { ...headers, 'content-type': FORM, 'content-length': Buffer.byteLength(body) },
      agent: false,
      timeout: RESPONSE_MS_MAX,
    }, (response) => {
      const parts = [];
      let bytes = 0;
      response.on('error', fail);
      response.on('data', (part) => {
        bytes += part.length;
        if (bytes > RESPONSE_BYTES_MAX) {
          request.destroy(new Error('the answer is too large'));
        }
        parts.push(part);
      });
      response.on('end', () => resolve({
        status: response.statusCode,
        headers: response.headers,
        text: Buffer.concat(parts).toString('utf8'),
      }));
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', fail);
    request.end(body);
  });
}

function jsonOf({ status, text }, what) {
  try {
    return JSON.parse(text);
  } catch {
    throw new SignInError('protocol', `${what} is no JSON (status ${status})`);
  }
}

/**
 * The discovery document, whose issuer must be the one asked for.
 * @param {string} issuer
 */
export async function discover(issuer) {
  const answer = await exchange(`${issuer}/.well-known/openid-configuration`);
  const document = jsonOf(answer, 'the discovery document');
  if (document.issuer !== issuer) {
    throw new SignInError('protocol', `${issuer} says that it is ${document.issuer}`);
  }
  return document;
}

// Cookies by name and path, as far as a browser's rules matter here.
class Cookies {
  #kept = new Map();

  take(headers) {
    for (const line of headers['set-cookie'] ?? []) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim());
      const [, name, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
      const attribute = (wanted) => attributes
        .find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const cookiePath = attribute('path') ?? '/';
      const key = `${name} ${cookiePath}`;
      const expires = attribute('expires');
      if (expires !== undefined && Date.parse(expires) <= Date.now()) {
        this.#kept.delete(key);
      } else if (name !== undefined) {
        this.#kept.set(key, { name, value, path: cookiePath });
      }
    }
  }

  for(pathname) {
    return [...this.#kept.values()]
      .filter(({ path }) => path === '/' || pathname === path || pathname.startsWith(`${path}/`))
      .map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

const HTML_CHARACTERS = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const plain = (html) => html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => HTML_CHARACTERS[name]);

// Where an answer leads by itself: by a redirect, or by a form that its script submits (the
// provider's way to end the session of one account before that of another).
function nextOf({ status, headers, text }) {
  if (status >= 300 && status <= 399) {
    return { address: headers.location };
  }
  const form = /<form method="post" action="([^"]*)"/.exec(text);
  if (form === null || !text.includes('document.forms[0].submit()')) {
    return undefined;
  }
  const hidden = text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  return {
    address: plain(form[1]),
    form: Object.fromEntries([...hidden].map(([, name, value]) => [name, plain(value)])),
  };
}

/** What a browser remembers and does, with nobody looking at its pages. */
export class Browser {
  #cookies = new Cookies();

  /**
   * Follows redirects until a page, or until one leads to `end`; answers with where it stopped.
   * @param {string | URL} address
   * @param {{form?: Record<string, string>, end?: string}} [options] a form is posted
   */
  async open(address, { form, end = REDIRECT } = {}) {
    let url = new URL(address);
    let fields = form;
    for (let i = 0; i < REDIRECTS_MAX; ++i) {
      const answer = await exchange(url, {
        headers: { cookie: this.#cookies.for(url.pathname) }, form: fields,
      });
      this.#cookies.take(answer.headers);
      const next = nextOf(answer);
      if (next === undefined) {
        return { ...answer, url };
      }
      fields = next.form;
      url = new URL(next.address, url);
      if (`${url.origin}${url.pathname}` === end) {
        return { status: answer.status, headers: answer.headers, text: '', url };
      }
    }
    throw new SignInError('protocol', `more than ${REDIRECTS_MAX} redirects`);
  }
}

// The form of one of the provider's pages, and the field it asks for.
function formOf(page) {
  const action = /<form method="post" action="([^"]*)"/.exec(page.text)?.[1];
  const field = /\bname="(account|role)"/.exec(page.text)?.[1];
  if (page.status !== 200 || action === undefined || field === undefined) {
    const said = /role="alert">([^<]*)</.exec(page.text)?.[1] ?? '';
    throw new SignInError('refused', `the provider answered ${page.status}: ${plain(said)}`);
  }
  return { address: new URL(plain(action), page.url), field };
}

function choices(page) {
  const radio = /value="([^"]*)" required>\s*<label[^>]*>([^<]*)</g;
  return [...page.text.matchAll(radio)].map(([, id, label]) => ({ id, label: plain(label) }));
}

async function passSignIn(browser, page, account) {
  const form = formOf(page);
  if (!page.text.includes(`<option value="${account}">`)) {
    throw new SignInError('account', `nobody is called '${account}'`);
  }
  return browser.open(form.address, { form: { [form.field]: account } });
}

async function passRoles(browser, page, role) {
  const form = formOf(page);
  const offered = choices(page);
  const list = offered.map(({ id, label }) => `\n  ${id}  ${label}`).join('');
  if (role === undefined) {
    throw new SignInError('role', `this account has several roles; give --role one of:${list}`);
  }
  if (!offered.some(({ id }) => id === role)) {
    throw new SignInError('role', `this account has no role ${role}; it has:${list}`);
  }
  return browser.open(form.address, { form: { [form.field]: role } });
}

function codeOf(end, state, issuer) {
  const answer = end.searchParams;
  if (answer.has('error')) {
    throw new SignInError('refused', `${answer.get('error')}: ${answer.get('error_description')}`);
  }
  if (answer.get('state') !== state || answer.get('iss') !== issuer || !answer.has('code')) {
    throw new SignInError('protocol', 'the answer is not to what was asked');
  }
  return answer.get('code');
}

async function tokenOf(document, form) {
  const answer = await exchange(document.token_endpoint, { form });
  const body = jsonOf(answer, 'the token answer');
  if (answer.status !== 200) {
    throw new SignInError('refused', `${body.error}: ${body.error_description}`);
  }
  return body;
}

/**
 * Signs a person in through the pages.
 * @param {{issuer: string, baseUrl: string, account: string, role?: string}} options
 * @returns {Promise<{access_token: string, id_token: string, expires_in: number}>}
 */
export async function signInPerson({ issuer, baseUrl, account, role }) {
  const document = await discover(issuer);
  const verifier = crypto.randomBytes(32).toString('base64url');
  const state = crypto.randomBytes(16).toString('base64url');
  const query = new URLSearchParams({
    client_id: CLIENT,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid profile fhir',
    resource: baseUrl,
    state,
    code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new Browser();
  let page = await browser.open(`${document.authorization_endpoint}?${query}`);
  const arrived = () => `${page.url.origin}${page.url.pathname}` === REDIRECT;
  if (!arrived()) {
    page = await passSignIn(browser, page, account);
  }
  if (!arrived()) {
    page = await passRoles(browser, page, role);
  }
  if (!arrived()) {
    throw new SignInError('protocol', `the provider answered ${page.status} after signing in`);
  }
  return tokenOf(document, {
    grant_type: 'authorization_code',
    client_id: CLIENT,
    redirect_uri: REDIRECT,
    code: codeOf(page.url, state, issuer),
    code_verifier: verifier,
    resource: baseUrl,
  });
}

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * RFC 7523: a system's proof of who it is, for one use.
 * @param {object} jwk private ES256 key
 * @param {string} clientId
 * @param {string} audience
 */
export function clientAssertion(jwk, clientId, audience) {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${encoded({ alg: 'ES256', kid: jwk.kid, typ: 'JWT' })}.${encoded({
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + ASSERTION_SECONDS,
  })}`;
  const signature = crypto.sign('sha256', Buffer.from(signed), {
    key: crypto.createPrivateKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${signature.toString('base64url')}`;
}

/**
 * Client credentials of a system.
 * @param {{issuer: string, baseUrl: string, clientId: string, jwk: object}} options
 * @returns {Promise<{access_token: string, expires_in: number}>}
 */
export async function signInSystem({ issuer, baseUrl, clientId, jwk }) {
  const document = await discover(issuer);
  return tokenOf(document, {
    grant_type: 'client_credentials',
    scope: 'fhir',
    resource: baseUrl,
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: clientAssertion(jwk, clientId, issuer),
  });
}
