// The sign-in command.
import { parseArgs } from 'node:util';

import { SignInError, signInPerson, signInSystem } from './client.mjs';
import { KeysError, readClientKey } from './keys.mjs';

const USAGE = `sign-in ACCOUNT [OPTION...]

Prints an access token of the development identity provider, and nothing else, on stdout. People
sign in through the provider's pages; systems and operators, whose key lies in the key folder,
prove who they are with it.

  --issuer URL      the provider [CONTINUUM_ISSUER]
  --base-url URL    the region's FHIR base URL [CONTINUUM_BASE_URL]
  --keys FOLDER     the provider's key folder; systems and operators only [CONTINUUM_IDP_KEYS]
  --role ROLE_ID    which role, for staff with several (a person_roleid)
  --help            this text

Exit codes: 0 a token; 1 refused; 2 wrong use; 3 no such account; 4 a role must be chosen;
5 the provider does not answer.
`;

const EXIT = { account: 3, role: 4, refused: 1, protocol: 1, unreachable: 5 };
const EXIT_USE = 2;

class UseError extends Error {}

function read() {
  const text = { type: 'string' };
  let given;
  try {
    given = parseArgs({
      allowPositionals: true,
      options: {
        issuer: text, 'base-url': text, keys: text, role: text, help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UseError(error.message);
  }
  const { values, positionals } = given;
  if (values.help) {
    return { help: true };
  }
  const options = {
    account: positionals[0],
    issuer: values.issuer ?? process.env.CONTINUUM_ISSUER,
    baseUrl: values['base-url'] ?? process.env.CONTINUUM_BASE_URL,
    keys: values.keys ?? process.env.CONTINUUM_IDP_KEYS,
    role: values.role,
  };
  const need = (holds, what) => {
    if (!holds) {
      throw new UseError(`${what}; see --help`);
    }
  };
  need(positionals.length === 1, 'give one account');
  need(/^[a-z0-9-]+$/.test(options.account), `'${options.account}' is no name of an account`);
  need(options.issuer, 'give --issuer URL or set CONTINUUM_ISSUER');
  need(options.baseUrl, 'give --base-url URL or set CONTINUUM_BASE_URL');
  return options;
}

async function token({ account, issuer, baseUrl, keys, role }) {
  const jwk = keys ? readClientKey(keys, account) : undefined;
  if (jwk !== undefined) {
    return signInSystem({ issuer, baseUrl, clientId: account, jwk });
  }
  try {
    return await signInPerson({ issuer, baseUrl, account, role });
  } catch (error) {
    if (error.code === 'account' && !keys) {
      error.message += '; for a system or operator give --keys FOLDER or set CONTINUUM_IDP_KEYS';
    }
    throw error;
  }
}

try {
  const options = read();
  if (options.help) {
    process.stdout.write(USAGE);
  } else {
    console.log((await token(options)).access_token);
  }
} catch (error) {
  if (![UseError, SignInError, KeysError].some((kind) => error instanceof kind)) {
    throw error;
  }
  console.error(`sign-in: ${error.message}`);
  process.exitCode = EXIT[error.code] ?? EXIT_USE;
}
