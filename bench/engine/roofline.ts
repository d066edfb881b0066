/**
 * `npm run bench:roofline [-- --device cuda --model FOLDER …]`: decoding and training of our engine as
 * a share of what the device's memory and its matrix units were measured to do. `roofline.py` counts
 * and measures; its `--help` lists the options. The embedded model stands in where none is named.
 */
import path from 'node:path';

import { execa } from 'execa';

import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { enginePython } from '../../server/src/machine/enginePython.ts';

const root = path.join(import.meta.dirname, '../..');
// Python is started in another folder.
const given = process.argv
  .slice(2)
  .map((word, index, words) => (words[index - 1] === '--model' ? path.resolve(word) : word));
const model = path.join(root, 'server/models/azr-nano');
const defaults = given.includes('--model') ? [] : ['--model', model];
const { exitCode } = await execa(
  enginePython(),
  [path.join(import.meta.dirname, 'roofline.py'), ...defaults, ...given],
  {
    ...pythonStart({
      packages: [path.join(root, 'server/engine/src')],
      variables: { HF_HUB_OFFLINE: '1' },
    }),
    stdio: 'inherit',
    reject: false,
  },
);
process.exitCode = exitCode ?? 1;
