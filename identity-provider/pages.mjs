// The pages a person sees: plain HTML, no scripts, nothing loaded from anywhere.
import crypto from 'node:crypto';

const STYLE = `
body{font:1.1rem/1.5 Arial,sans-serif;color:#212b32;background:#f0f4f5;margin:0}
main{max-width:40rem;margin:2rem auto;padding:1rem 2rem;background:#fff}
.warning{border-left:.6rem solid #d5281b;padding:.5rem 1rem;background:#fff5f4}
.error{border:.25rem solid #d5281b;padding:.5rem 1rem}
fieldset{border:0;padding:0;margin:0 0 1.5rem}legend,label{font-weight:bold}
.choice{margin:.75rem 0}.choice label{font-weight:normal}
.choice input{width:1.5rem;height:1.5rem;vertical-align:middle}
select{display:block;font:inherit;max-width:100%;margin:.5rem 0 1.5rem;padding:.4rem}
button{font:inherit;font-weight:bold;color:#fff;background:#007f3b;border:0;
border-bottom:.25rem solid #00401e;padding:.7rem 1.2rem}
:focus{outline:.25rem solid #ffeb3b;outline-offset:0;box-shadow:0 0 0 .5rem #212b32}`;

const STYLE_HASH = crypto.createHash('sha256').update(STYLE).digest('base64');

// Browsers hold the redirects that follow a form to form-action too.
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; `
    + "base-uri 'none'; frame-ancestors 'none'; "
    + "form-action 'self' http://127.0.0.1:* http://localhost:*",
};

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** @param {string} text */
export function escapeHtml(text) {
  return String(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

function document(title, content) {
  return `<!DOCTYPE html>
<html lang="en-GB">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p class="warning"><strong>For development only.</strong> Nobody proves who they are here, and every
person in it is invented. Never use it with real records.</p>
${content}
</main></body>
</html>
`;
}

function errorSummary(error, target) {
  return error === undefined ? '' : `<div class="error" role="alert"><h2>There is a problem</h2>
<p><a href="#${target}">${escapeHtml(error)}</a></p></div>\n`;
}

function option([value, text]) {
  return `<option value="${escapeHtml(value)}">${escapeHtml(text)}</option>`;
}

function optionGroup(label, options) {
  return options.length === 0 ? '' : `<optgroup label="${escapeHtml(label)}">
${options.map(option).join('\n')}
</optgroup>`;
}

function staffOption(member) {
  const roles = member.roles.map((role) => `${role.role_name}, ${role.org_code}`).join('; ');
  return [member.account, `${member.account}: ${member.name} (${roles})`];
}

// No NHS number: a person proofed to less than P9 must never be shown one.
function citizenOption(citizen) {
  return [citizen.account,
    `${citizen.account}: born ${citizen.birthdate}, proofed to ${citizen.identity_proofing_level}`];
}

/**
 * @param {import('./accounts.mjs').Accounts} accounts
 * @param {{action: string, error?: string}} page
 */
export function signInPage(accounts, { action, error }) {
  return document('Choose who to sign in as', `${errorSummary(error, 'account')}
<form method="post" action="${escapeHtml(action)}">
<label for="account">Account</label>
<select id="account" name="account" required>
<option value="">Choose an account</option>
${optionGroup('Staff', [...accounts.staff.values()].map(staffOption))}
${optionGroup('Citizens', [...accounts.citizens.values()].map(citizenOption))}
</select>
<button type="submit">Sign in</button>
</form>`);
}

/**
 * @param {import('./accounts.mjs').Staff} member
 * @param {{action: string, error?: string}} page
 */
export function rolePage(member, { action, error }) {
  const choices = member.roles.map((role, i) => `<div class="choice">
<input type="radio" id="role-${i}" name="role" value="${escapeHtml(role.person_roleid)}" required>
<label for="role-${i}">${escapeHtml(`${role.role_name} at ${role.org_code}`)}</label></div>`);
  return document('Choose the role you work in', `${errorSummary(error, 'role-0')}
<form method="post" action="${escapeHtml(action)}">
<fieldset><legend>Roles of ${escapeHtml(member.name)}</legend>
${choices.join('\n')}
</fieldset>
<button type="submit">Continue</button>
</form>`);
}

/** @param {string} message */
export function errorPage(message) {
  return document('You cannot sign in', `<p role="alert">${escapeHtml(message)}</p>
<p>Go back to where you came from and start again.</p>`);
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} html
 */
export function sendPage(response, status, html) {
  response.writeHead(status, { ...HEADERS, 'content-length': Buffer.byteLength(html) });
  response.end(html);
}

/** Sets the headers of a page that something else sends. */
export function setPageHeaders(ctx) {
  ctx.set(HEADERS);
}
