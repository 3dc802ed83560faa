#!/usr/bin/env node
// The program: reads options, starts the provider, says where it is.
import { parseArgs } from 'node:util';

import { readAccounts, AccountsError } from './accounts.mjs';
import { KeysError } from './keys.mjs';
import { OptionsError, startProvider } from './provider.mjs';

const USAGE = `server.mjs --accounts FILE --base-url URL --keys FOLDER [OPTION...]

A development identity provider: anybody may sign in as anybody. Loopback only.

  --accounts FILE        who may sign in: accounts.json of \`continuum synth\`
  --base-url URL         the region's FHIR base URL, the audience of the tokens
  --keys FOLDER          its keys and those of systems; made when absent
  --address ADDRESS      a loopback address [127.0.0.1]
  --port N               0 for any [0]
  --token-seconds N      how long an access token lives [300]
  --algorithm NAME       what signs tokens: ES256, PS256, RS256, EdDSA [ES256]
  --help                 this text

Prints one line when it is ready: issuer http://127.0.0.1:PORT
`;

function options() {
  const text = { type: 'string' };
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        accounts: text, 'base-url': text, keys: text, address: text, port: text,
        'token-seconds': text, algorithm: text, help: { type: 'boolean' },
      },
    }));
  } catch (error) {
    throw new OptionsError(error.message);
  }
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  for (const needed of ['accounts', 'base-url', 'keys']) {
    if (!values[needed]) {
      throw new OptionsError(`--${needed} is missing; see --help`);
    }
  }
  const number = (name) => {
    if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name])) {
      throw new OptionsError(`--${name} must be a whole number`);
    }
    return values[name] === undefined ? undefined : Number(values[name]);
  };
  return {
    accounts: readAccounts(values.accounts),
    baseUrl: values['base-url'],
    keys: values.keys,
    address: values.address,
    port: number('port'),
    tokenSeconds: number('token-seconds'),
    algorithm: values.algorithm,
  };
}

try {
  const { issuer, close } = await startProvider(options());
  console.log(`issuer ${issuer}`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => close().then(() => process.exit(0)));
  }
} catch (error) {
  if (![OptionsError, AccountsError, KeysError].some((kind) => error instanceof kind)) {
    throw error;
  }
  console.error(`identity-provider: ${error.message}`);
  process.exit(2);
}
