/** What the client hands over with `initialize`, checked. */
import { ErrorCodes, ResponseError } from 'vscode-languageserver/node';

import type { InitializationOptions } from '../../protocol/languageMessages.ts';
import type { Problem } from '../../protocol/problem.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { schemaCheck } from '../settings/schemaCheck.ts';

const text = { type: 'string' };
const texts = { type: 'array', items: text };

const check = schemaCheck<InitializationOptions>({
  type: 'object',
  required: ['protocolVersion', 'storageFolder', 'workspaceFolders', 'pythonPath'],
  properties: {
    protocolVersion: { type: 'integer' },
    storageFolder: { type: 'string', minLength: 1 },
    workspaceFolders: texts,
    furtherFolders: texts,
    pythonPath: text,
  },
});

/** Throws what `initialize` is answered with when this client cannot be served. */
export function checkInitialization(value: unknown): InitializationOptions {
  const version =
    typeof value === 'object' && value !== null && 'protocolVersion' in value
      ? value.protocolVersion
      : undefined;
  if (version !== PROTOCOL_VERSION) {
    throw refused({
      code: 'other-protocol',
      message: `The client speaks version ${typeof version === 'number' ? String(version) : 'unknown'} of the protocol, this server ${String(PROTOCOL_VERSION)}.`,
      remedy: 'Reload the window; if that does not help, reinstall AZR Studio.',
    });
  }
  const validate = check();
  if (validate(value)) return value;
  const [error] = validate.errors ?? [];
  throw refused({
    code: 'bad-parameters',
    message: `The initialization options are wrong: ${error?.instancePath ?? ''} ${error?.message ?? ''}.`,
    remedy: 'Update AZR Studio as a whole: client and server do not fit together.',
  });
}

function refused(problem: Problem): ResponseError<Problem & { readonly retry: boolean }> {
  const message = `${problem.message} ${problem.remedy}`;
  return new ResponseError(ErrorCodes.ServerNotInitialized, message, { ...problem, retry: false });
}
