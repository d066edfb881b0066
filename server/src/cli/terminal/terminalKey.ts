/**
 * Which key a run that is started in a terminal may send. `TINKER_API_KEY` says nothing of where it
 * belongs, and an address may have come with somebody else's folder: in its `azr.json` or its `run.db`.
 * So the user names the address, or is shown it and asked.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import { createInterface } from 'node:readline';

import { engineOrigin } from '../../../protocol/engineKeys.ts';
import { checkEngineAddress } from '../../engine/engineAddress.ts';
import { hasConsent, rememberConsent } from '../../machine/engineConsents.ts';
import {
  type BoundKey,
  ENGINE_ADDRESS_VARIABLE,
  ENGINE_KEY_VARIABLE,
  takeVariable,
} from '../../machine/engineKeys.ts';
import { STDERR } from './terminal.ts';

/** For an engine that asks for no key, the way out of every refusal. */
const WITHOUT_KEY = `If that engine asks for no key, unset ${ENGINE_KEY_VARIABLE}.`;

/**
 * The key for a run at `engineUrl`; undefined when there is none to send. It is no longer in the
 * environment then, so that nothing that the run starts inherits it. `typedUrl` is the address that stands
 * on the command line, if one does. Rejects with a ProblemError for an address that the user has not
 * allowed, and as {@link checkEngineAddress} throws.
 */
export async function terminalKey(
  engineUrl: string,
  typedUrl?: string,
): Promise<BoundKey | undefined> {
  const key = takeVariable(process.env, ENGINE_KEY_VARIABLE) ?? '';
  const boundTo = takeVariable(process.env, ENGINE_ADDRESS_VARIABLE) ?? '';
  const origin = engineOrigin(engineUrl);
  if (key === '' || origin === undefined) return undefined;
  checkEngineAddress(engineUrl, key);
  const bound = { origin, key };
  if (boundTo !== '') {
    if (engineOrigin(boundTo) === origin) return bound;
    throw elsewhere(origin, engineOrigin(boundTo) ?? JSON.stringify(boundTo));
  }
  const isTyped = typedUrl !== undefined && engineOrigin(typedUrl) === origin;
  if (isTyped || hasConsent(bound)) return bound;
  if (!(await asksAndIsAllowed(origin))) throw notAllowed(origin);
  rememberConsent(bound);
  return bound;
}

/** Where a run sends what, for the first line of its output; undefined for the local engine. */
export function destinationNotice(
  engineUrl: string,
  key: BoundKey | undefined,
): string | undefined {
  const origin = engineOrigin(engineUrl);
  if (origin === undefined) return undefined;
  const withKey = key === undefined ? 'without a key' : `with the key in ${ENGINE_KEY_VARIABLE}`;
  return `The engine is at ${origin}: prompts, completions and checkpoints go there, ${withKey}.`;
}

/** False also where there is no terminal to ask in. */
async function asksAndIsAllowed(origin: string): Promise<boolean> {
  const { stdin: input } = process;
  if (!input.isTTY || !STDERR.isTTY) return false;
  STDERR.line(`The run's settings name the engine at ${origin}.`);
  STDERR.line(`Send it the key in ${ENGINE_KEY_VARIABLE}? [y/N]`);
  const lines = createInterface({ input });
  const answer = new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => {
      resolve('');
    });
  });
  try {
    return /^(y|yes)$/i.test((await answer).trim());
  } finally {
    lines.close();
  }
}

function elsewhere(origin: string, boundTo: string): ProblemError {
  return new ProblemError({
    code: 'engine-key-elsewhere',
    message: `The run's engine is at ${origin}, but the key in ${ENGINE_KEY_VARIABLE} belongs to ${boundTo}, as ${ENGINE_ADDRESS_VARIABLE} says. It was not sent.`,
    remedy: `If you trust ${origin} and the key is for it, set ${ENGINE_ADDRESS_VARIABLE}=${origin}. ${WITHOUT_KEY}`,
  });
}

function notAllowed(origin: string): ProblemError {
  return new ProblemError({
    code: 'engine-key-not-allowed',
    message: `The run's settings name the engine at ${origin}, but the key in ${ENGINE_KEY_VARIABLE} was never allowed to go there. It was not sent.`,
    remedy: `If you trust ${origin} and the key is for it, set ${ENGINE_ADDRESS_VARIABLE}=${origin}. ${WITHOUT_KEY}`,
  });
}
