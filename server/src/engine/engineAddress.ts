/** What an engine's address and key must be like before anything is sent to it. */
import { ProblemError } from '../../protocol/problem.ts';

/**
 * Throws a ProblemError for a text that is not an address, and for an address that a key must not be sent to. Its message
 * never holds the key, nor a password in the address.
 */
export function checkEngineAddress(url: string, apiKey: string): void {
  const address = URL.parse(url);
  if (address === null || !['http:', 'https:'].includes(address.protocol)) {
    throw new ProblemError({
      code: 'engine_url_invalid',
      message: `The engine's address ${JSON.stringify(url)} is not an http or https address.`,
      remedy: 'Set engineUrl to something like http://127.0.0.1:8000, or to local.',
    });
  }
  if (address.username !== '' || address.password !== '') {
    throw new ProblemError({
      code: 'engine_url_invalid',
      message: `The engine's address ${address.host} carries a user name or a password.`,
      remedy:
        'Take them out of engineUrl: secrets do not belong in the run file. A key goes into TINKER_API_KEY, or into "AZR: Set Engine Key".',
    });
  }
  // A header takes no other characters, and what refuses them would quote the key.
  if (!/^[\x21-\x7e]*$/.test(apiKey)) {
    throw new ProblemError({
      code: 'engine_key_invalid',
      message: 'The key for the engine holds spaces, line ends or characters beyond ASCII.',
      remedy: 'Set it again, without what was copied along with it.',
    });
  }
  if (apiKey !== '' && address.protocol === 'http:' && !isLoopback(address.hostname)) {
    throw new ProblemError({
      code: 'engine_key_in_clear',
      message: `The key would be sent to ${address.host} unencrypted.`,
      remedy:
        'Use https, or a tunnel to the engine and its address on this machine; docs/cluster.md shows one.',
    });
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
