/** The folder that `npm start` opens where none is named. It is made once, and from then on the user's. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const README = `# A first run

This folder is yours: change it, delete it, and \`npm start\` makes it anew.

1. Press \`F1\` (or \`Ctrl+Shift+P\`) and choose **AZR: Start AZR Run**. The embedded model needs no GPU
   and no download; \`azr.json\` beside this file is a run file you can edit.
2. Open the **AZR Studio** view in the activity bar. Tasks that the model invents stream into it.
3. Click a task: it opens as Python code, with lenses above it to run it, to see how the solver
   answered, and where every reward came from.
4. Close the window whenever you like. The run goes on, and is here when you come back.

Runs are kept below \`runs\` in this folder.
`;

const RUN_FILE = { preset: 'studio', model: 'azr-nano', steps: 60, seed: 1 };

/**
 * @param {string} folder
 * @param {{ python: string }} options What runs the engine; noted for a VS Code that was not set up by us.
 * @returns {string} The folder.
 */
export function makeDemoFolder(folder, { python }) {
  writeOnce(path.join(folder, 'README.md'), README);
  writeOnce(path.join(folder, 'azr.json'), `${JSON.stringify(RUN_FILE, undefined, 2)}\n`);
  const settings = { 'azr.pythonPath': python };
  writeOnce(
    path.join(folder, '.vscode', 'settings.json'),
    `${JSON.stringify(settings, undefined, 2)}\n`,
  );
  return folder;
}

/**
 * @param {string} file
 * @param {string} text
 */
function writeOnce(file, text) {
  if (!existsSync(file)) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
