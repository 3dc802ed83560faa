// A development identity provider on loopback. What its tokens say is as CIS2 (staff), NHS login
// (citizens) and client credentials (systems) say it; that anybody may be anybody is not.
import crypto from 'node:crypto';
import http from 'node:http';

import Provider, { errors } from 'oidc-provider';

import { Interactions } from './interactions.mjs';
import { openKeys, SIGNING_ALGORITHMS } from './keys.mjs';
import {
  CODE_SECONDS, INTERACTION_SECONDS, SESSION_SECONDS, TOKEN_SECONDS_DEFAULT, TOKEN_SECONDS_MAX,
} from './limits.mjs';
import { isLoopbackAddress, isLoopbackOrigin } from './loopback.mjs';
import { BoundedMap, memoryAdapter } from './memory.mjs';
import { errorPage, setPageHeaders } from './pages.mjs';

export const DEMO_CLIENT = 'continuum-demo';

export class OptionsError extends Error {}

/**
 * @typedef {object} Options
 * @property {import('./accounts.mjs').Accounts} accounts
 * @property {string} baseUrl the FHIR base URL of the region: the tokens' audience
 * @property {string} keys folder of the keys, made when absent
 * @property {string} [address] a literal loopback address
 * @property {number} [port] 0 for any
 * @property {number} [tokenSeconds] how long an access token lives
 * @property {string} [algorithm] what signs access tokens
 */

function isBaseUrl(text) {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol) && !/[#?]/.test(text);
  } catch {
    return false;
  }
}

function checked({
  accounts, baseUrl, keys, address = '127.0.0.1', port = 0, tokenSeconds = TOKEN_SECONDS_DEFAULT,
  algorithm = 'ES256',
}) {
  const refuse = (holds, message) => {
    if (!holds) {
      throw new OptionsError(message);
    }
  };
  refuse(isLoopbackAddress(address), `--address ${address}: this provider lets anybody be anybody, `
    + 'so it listens on a loopback address (127.0.0.1 or ::1) only');
  refuse(Number.isInteger(port) && port >= 0 && port <= 65535, '--port must be from 0 to 65535');
  refuse(Number.isInteger(tokenSeconds) && tokenSeconds >= 1 && tokenSeconds <= TOKEN_SECONDS_MAX,
    `--token-seconds must be from 1 to ${TOKEN_SECONDS_MAX}`);
  refuse(SIGNING_ALGORITHMS.includes(algorithm),
    `--algorithm must be one of ${SIGNING_ALGORITHMS.join(', ')}`);
  refuse(isBaseUrl(baseUrl), '--base-url must be an http or https URL without query and fragment');
  refuse(accounts.systems.every((system) => system.client_id !== DEMO_CLIENT),
    `the client_id ${DEMO_CLIENT} is this provider's own`);
  return { accounts, baseUrl, keys, address, port, tokenSeconds, algorithm };
}

// Native: RFC 8252 lets the port of a loopback redirect be any.
function demoClient(algorithm) {
  return {
    client_id: DEMO_CLIENT,
    client_name: 'Continuum demonstration',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: ['127.0.0.1', 'localhost', '[::1]'].map((host) => `http://${host}/callback`),
    id_token_signed_response_alg: algorithm,
  };
}

function systemClient(clientId, key) {
  return {
    client_id: clientId,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    jwks: { keys: [key] },
    id_token_signed_response_alg: 'ES256',
  };
}

function staffClaims(member, role) {
  return {
    nhsid_useruid: member.nhsid_useruid,
    nhsid_nrbac_roles: member.roles,
    selected_roleid: role,
  };
}

// What an access token says beyond RFC 9068; nothing for systems.
function tokenClaims(accounts, roles) {
  return async (_ctx, token) => {
    if (token.kind !== 'AccessToken') {
      return undefined;
    }
    const member = accounts.staff.get(token.accountId);
    if (member !== undefined) {
      const role = roles.get(token.grantId);
      if (role === undefined) {
        throw new errors.InvalidGrant('no role was chosen: sign in again');
      }
      return staffClaims(member, role);
    }
    const { nhs_number, identity_proofing_level, birthdate } =
      accounts.citizens.get(token.accountId);
    return { nhs_number, identity_proofing_level, birthdate };
  };
}

function findAccount(accounts) {
  return async (_ctx, id) => {
    const member = accounts.staff.get(id);
    if (member === undefined && !accounts.citizens.has(id)) {
      return undefined;
    }
    return { accountId: id, claims: async () => ({ sub: id, name: member?.name ?? id }) };
  };
}

function resourceIndicators({ baseUrl, tokenSeconds, algorithm }) {
  return {
    enabled: true,
    defaultResource: async () => baseUrl,
    useGrantedResource: async () => true,
    getResourceServerInfo: async (_ctx, resource) => {
      if (resource !== baseUrl) {
        throw new errors.InvalidTarget(`tokens are given for ${baseUrl} only`);
      }
      return {
        audience: baseUrl,
        scope: 'fhir',
        accessTokenFormat: 'jwt',
        accessTokenTTL: tokenSeconds,
        jwt: { sign: { alg: algorithm } },
      };
    },
  };
}

function configuration(options, keys, roles) {
  const { accounts, tokenSeconds, algorithm } = options;
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true };
  return {
    adapter: memoryAdapter(),
    jwks: keys.signing,
    clients: [demoClient(algorithm),
      ...[...keys.clients].map(([clientId, key]) => systemClient(clientId, key))],
    clientBasedCORS: (_ctx, origin) => isLoopbackOrigin(origin),
    clientAuthMethods: ['none', 'private_key_jwt'],
    claims: { openid: ['sub'], profile: ['name'] },
    conformIdTokenClaims: false,
    cookies: {
      keys: [crypto.randomBytes(32).toString('base64url')],
      names: {
        session: 'continuum_idp_session',
        interaction: 'continuum_idp_interaction',
        resume: 'continuum_idp_resume',
      },
      long: cookie,
      short: cookie,
    },
    discovery: { continuum_development_only: true },
    // A session holds one grant for each client: a second window would spoil the first one's code.
    expiresWithSession: async () => false,
    extraTokenClaims: tokenClaims(accounts, roles),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: resourceIndicators(options),
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    findAccount: findAccount(accounts),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    pkce: { methods: ['S256'], required: () => true },
    renderError: (ctx, out) => {
      setPageHeaders(ctx);
      ctx.body = errorPage(`${out.error}: ${out.error_description ?? 'no more is known'}`);
    },
    responseTypes: ['code'],
    scopes: ['openid', 'profile'],
    ttl: {
      AccessToken: tokenSeconds,
      AuthorizationCode: CODE_SECONDS,
      ClientCredentials: tokenSeconds,
      Grant: SESSION_SECONDS,
      IdToken: tokenSeconds,
      Interaction: INTERACTION_SECONDS,
      Session: SESSION_SECONDS,
    },
  };
}

function listen(server, port, address) {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new OptionsError(`cannot listen: ${error.message}`)));
    server.listen(port, address, resolve);
  });
}

/**
 * Starts a provider. Throws OptionsError, or KeysError for a key folder that cannot be used.
 * @param {Options} given
 * @returns {Promise<{issuer: string, close: () => Promise<void>}>}
 */
export async function startProvider(given) {
  const options = checked(given);
  const keys = openKeys(options.keys, options.accounts.systems.map((system) => system.client_id));
  const server = http.createServer();
  await listen(server, options.port, options.address);
  const host = options.address.includes(':') ? `[${options.address}]` : options.address;
  const authority = `${host}:${server.address().port}`;
  const issuer = `http://${authority}`;

  const roles = new BoundedMap();
  const provider = new Provider(issuer, configuration(options, keys, roles));
  provider.on('server_error', (_ctx, error) => console.error(error));
  const interactions = new Interactions(provider, options.accounts, roles);
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    // A page of elsewhere whose name was pointed at loopback is no friend.
    if (request.headers.host !== authority) {
      response.writeHead(421, { 'content-type': 'text/plain' });
      response.end(`this is ${issuer}\n`);
    } else if (!(await interactions.answer(request, response))) {
      answer(request, response);
    }
  });
  return {
    issuer,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}
