/** The pages around signing in: the file that the browser is opened on, the sign-in itself, the refusals. */
import { randomBytes } from 'node:crypto';

import { enterTrustedFolder, signIn } from './signInScript.mjs';

/**
 * What a browser is opened on, so that the link stands in no command line: those of all users' processes
 * can be read by everybody on a machine.
 * @param {string} link
 */
export function redirectFile(link) {
  return page({
    head: `<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${escaped(link)}">`,
    body: `<p>Going to <a href="${escaped(link)}">AZR Studio</a>…</p>`,
  });
}

/** @param {string} message */
export function refusal(message) {
  return page({ head: '', body: `<p>${escaped(message)}</p>` });
}

/**
 * Goes on to the workbench. Where the folder is our own, it is entered first into what VS Code's workspace
 * trust keeps in the browser: everything else that is opened is asked about, as always.
 * @param {object} plan
 * @param {string} plan.target Path of the workbench.
 * @param {string | undefined} plan.trustedFolder Path of the folder as in a URI.
 * @returns {{ html: string, policy: string }} The page and its content security policy.
 */
export function signInPage(plan) {
  const nonce = randomBytes(16).toString('base64url');
  // In a script, JSON is JavaScript once nothing in it can end the script.
  const data = JSON.stringify(plan).replaceAll('<', '\\u003c');
  const html = page({
    head: '<meta name="referrer" content="no-referrer">',
    body: `<p>Opening AZR Studio…</p>
<noscript><p>VS Code in the browser needs JavaScript.</p></noscript>
<script nonce="${nonce}">(${signIn.toString()})(${data}, ${enterTrustedFolder.toString()});</script>`,
  });
  return { html, policy: `default-src 'none'; script-src 'nonce-${nonce}'` };
}

/** @param {{ head: string, body: string }} parts */
function page({ head, body }) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<title>AZR Studio</title>
${head}
</head>
<body>
${body}
</body>
</html>
`;
}

/** @param {string} text */
function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
