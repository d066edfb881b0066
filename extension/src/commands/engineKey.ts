/** The key for an engine at an address: asked for once, kept by the editor, handed to the server's environment. */
import { engineOrigin } from '../../../server/protocol/engineKeys.ts';
import type { RequestMap } from '../../../server/protocol/languageMessages.ts';
import { t, withIcon } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import type { ServerConnection } from '../connection/serverConnection.ts';
import type { StoredKeys } from '../state/storedKeys.ts';

/** What is needed of the window. */
interface KeyServices {
  readonly connection: ServerConnection;
  readonly keys: StoredKeys;
}

export async function setEngineKey(studio: KeyServices): Promise<void> {
  const [known = 'http://127.0.0.1:8000'] = await studio.keys.origins();
  const address = await window.showInputBox({
    title: t('Set Engine Key'),
    prompt: t('Address of the engine, as in the run file'),
    value: known,
    ignoreFocusOut: true,
    validateInput: (value) =>
      engineOrigin(value) === undefined ? t('Enter an address like {0}', known) : undefined,
  });
  const origin = address === undefined ? undefined : engineOrigin(address);
  if (origin === undefined || !(await askKey(studio, origin))) return;
  window.setStatusBarMessage(withIcon('check', t('The key for {0} is stored', origin)), 5000);
}

/** Asks for the key of the engine that a start or a resume needs, unless one is stored. False: given up. */
export async function ensureEngineKey(
  studio: KeyServices,
  target: RequestMap['azr/missingEngineKey']['parameters'],
): Promise<boolean> {
  const { origin } = await studio.connection.request('azr/missingEngineKey', target);
  return origin === null || (await askKey(studio, origin));
}

async function askKey(studio: KeyServices, origin: string): Promise<boolean> {
  const key = await window.showInputBox({
    title: t('Set Engine Key'),
    prompt: t('Key for the engine at {0}. Leave it empty if the engine needs none.', origin),
    password: true,
    ignoreFocusOut: true,
  });
  if (key === undefined) return false;
  await studio.keys.set(origin, key.trim());
  // The server gets the keys with its environment, when it starts. Runs do not notice.
  await studio.connection.restart();
  return true;
}
