/** The file that a browser is opened on instead of the link itself. */
import { rmSync } from 'node:fs';
import path from 'node:path';

import { makePrivateFolder, writePrivateFile } from './privateFile.mjs';
import { redirectFile } from './signInPages.mjs';

/**
 * @param {string} root Of the clone: browsers that come as a snap or Flatpak read neither hidden folders nor
 *   the system's folder for temporary files.
 * @returns {{ file: string, write: (link: string) => void, remove: () => void }}
 */
export function signInFileIn(root) {
  const folder = path.join(root, 'dist', 'sign-in');
  const file = path.join(folder, 'azr-studio.html');
  return {
    file,
    write: (link) => {
      makePrivateFolder(folder);
      writePrivateFile(file, redirectFile(link));
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
