// Signing in as a browser meets it: who you are, then which of your roles you work in.
//   GET, POST /interaction/<uid>   the form the provider waits for
import { FORM_BYTES_MAX } from './limits.mjs';
import { errorPage, rolePage, sendPage, signInPage } from './pages.mjs';

const PATH = /^\/interaction\/([\w-]+)$/;

class RequestError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function readForm(request) {
  let bytes = 0;
  const parts = [];
  for await (const part of request) {
    bytes += part.length;
    if (bytes > FORM_BYTES_MAX) {
      throw new RequestError(413, 'The form is too large.');
    }
    parts.push(part);
  }
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'));
}

export class Interactions {
  /**
   * @param {import('oidc-provider').default} provider
   * @param {import('./accounts.mjs').Accounts} accounts
   * @param {import('./memory.mjs').BoundedMap} roles the role chosen, by grant
   */
  constructor(provider, accounts, roles) {
    this.provider = provider;
    this.accounts = accounts;
    this.roles = roles;
  }

  /** Whether the request was one of these pages, and so has been answered. */
  async answer(request, response) {
    const uid = PATH.exec(new URL(request.url, 'http://local').pathname)?.[1];
    if (uid === undefined) {
      return false;
    }
    try {
      await this.#step(request, response, uid);
    } catch (error) {
      const expected = error instanceof RequestError || error.name === 'SessionNotFound';
      if (!expected) {
        console.error(error);
      }
      const status = error.status ?? 500;
      sendPage(response, status, errorPage(status === 400 ? 'This sign-in is over or has expired.'
        : error instanceof RequestError ? error.message : 'The identity provider failed.'));
    }
    return true;
  }

  async #step(request, response, uid) {
    if (request.method !== 'GET' && request.method !== 'POST') {
      throw new RequestError(405, 'Only GET and POST are answered here.');
    }
    const interaction = await this.provider.interactionDetails(request, response);
    if (interaction.uid !== uid) {
      throw new RequestError(400, 'another interaction');
    }
    const form = request.method === 'POST' ? await readForm(request) : undefined;
    const action = `/interaction/${uid}`;
    if (interaction.prompt.name === 'login') {
      return this.#signIn(request, response, form, action);
    }
    return this.#chooseRole(request, response, form, action, interaction);
  }

  #signIn(request, response, form, action) {
    if (form === undefined) {
      return sendPage(response, 200, signInPage(this.accounts, { action }));
    }
    const account = form.get('account') ?? '';
    if (!this.accounts.staff.has(account) && !this.accounts.citizens.has(account)) {
      return sendPage(response, 422,
        signInPage(this.accounts, { action, error: 'Choose an account of the list' }));
    }
    return this.provider.interactionFinished(request, response, { login: { accountId: account } },
      { mergeWithLastSubmission: false });
  }

  async #chooseRole(request, response, form, action, interaction) {
    const member = this.accounts.staff.get(interaction.session?.accountId);
    const several = member !== undefined && member.roles.length > 1;
    if (several && form === undefined) {
      return sendPage(response, 200, rolePage(member, { action }));
    }
    const wanted = several ? form.get('role') : member?.roles[0].person_roleid;
    if (several && !member.roles.some((role) => role.person_roleid === wanted)) {
      return sendPage(response, 422,
        rolePage(member, { action, error: 'Choose one of your roles' }));
    }
    const grantId = await this.#grant(interaction, wanted);
    return this.provider.interactionFinished(request, response, { consent: { grantId } },
      { mergeWithLastSubmission: true });
  }

  // A grant for each sign-in: it stands for one role, and a role is never changed under a token.
  async #grant({ session, params, prompt }, role) {
    const grant = new this.provider.Grant({
      accountId: session.accountId, clientId: params.client_id,
    });
    const scopes = prompt.details.missingOIDCScope ?? params.scope?.split(' ') ?? [];
    grant.addOIDCScope(scopes.join(' '));
    for (const [resource, names] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, names.join(' '));
    }
    const grantId = await grant.save();
    if (role !== undefined) {
      this.roles.set(grantId, role);
    }
    return grantId;
  }
}
