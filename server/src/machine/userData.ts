/** Where AZR Studio keeps what a user had it make: the engine's Python, models, the recorded run. */
import { ProblemError } from '../../protocol/problem.ts';
import path from 'node:path';

import { homeFolder } from '../files/userCache.ts';

/** The folder; undefined for a user without a home, such as one that the system does not know. */
export function userData(): string | undefined {
  const { env, platform } = process;
  const home = homeFolder();
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? (home && path.join(home, 'AppData', 'Local'));
    return local && path.join(local, 'AZR Studio');
  }
  if (platform === 'darwin') {
    return home && path.join(home, 'Library', 'Application Support', 'AZR Studio');
  }
  const named = env['XDG_DATA_HOME'];
  const data =
    named === undefined || named === '' ? home && path.join(home, '.local/share') : named;
  return data && path.join(data, 'azr-studio');
}

/** The folder, for something that cannot be without: throws ProblemError `no-home`. */
export function neededUserData(): string {
  const folder = userData();
  if (folder !== undefined) return folder;
  throw new ProblemError({
    code: 'no-home',
    message: 'This user has no home folder, so there is no place to keep what is made for it.',
    remedy:
      'Set the environment variable HOME to a folder that this user may write, then try again.',
  });
}
