/**
 * What the client hands over with `initialize`. After an update, a window that was not reloaded may start this
 * server: so the version is checked, and of the same version the options are what their type says.
 */
import { ErrorCodes, ResponseError } from 'vscode-languageserver/node';

import type { InitializationOptions } from '../../protocol/languageMessages.ts';
import type { Problem } from '../../protocol/problem.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';

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
  return value as InitializationOptions;
}

function refused(problem: Problem): ResponseError<Problem & { readonly retry: boolean }> {
  const message = `${problem.message} ${problem.remedy}`;
  return new ResponseError(ErrorCodes.ServerNotInitialized, message, { ...problem, retry: false });
}
