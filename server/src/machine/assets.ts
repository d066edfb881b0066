/** Finds what ships beside the program, whether it runs from its sources or from a bundle. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds `server/models` and the other assets: the repository or the extension. */
export function assetRoot(): string {
  const start = import.meta.dirname;
  for (let folder = start; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, 'server', 'models'))) return folder;
    if (folder === path.dirname(folder)) {
      throw new Error(
        `No folder above ${start} has server/models: the installation is incomplete.`,
      );
    }
  }
}
