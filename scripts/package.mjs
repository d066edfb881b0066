/** `npm run package`: packs the built extension, and holds it to its size. */
import { createVSIX } from '@vscode/vsce';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';

/** Largest VSIX with the embedded model and the recorded run, so that an install stays quick. */
const MAXIMUM_BYTES = 6_500_000;
const IGNORE_FILE = '.vscodeignore';

/**
 * Copies what .vscodeignore lets through: it leaves out everything, then names what ships. vsce would
 * hold each of the 77,000 files of a clone that is set up against each pattern, for most of a minute.
 * @param {string} folder
 */
function stage(folder) {
  const lines = readFileSync(path.join(PROJECT_ROOT, IGNORE_FILE), 'utf8').split('\n');
  const shipped = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const pattern of [IGNORE_FILE, ...shipped]) {
    const files = globSync(pattern, { cwd: PROJECT_ROOT, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      const source = path.join(file.parentPath, file.name);
      cpSync(source, path.join(folder, path.relative(PROJECT_ROOT, source)));
    }
  }
}

const packagePath = path.join(PROJECT_ROOT, 'dist', 'azr-studio.vsix');
const staging = mkdtempSync(path.join(tmpdir(), 'azr-package-'));
try {
  stage(staging);
  await createVSIX({
    cwd: staging,
    packagePath,
    dependencies: false,
    allowMissingRepository: true,
    // Without a repository address, the README's pictures have nowhere else to point.
    rewriteRelativeLinks: false,
  });
} finally {
  rmSync(staging, { recursive: true, force: true });
}
const { size } = statSync(packagePath);
process.stdout.write(`${packagePath}: ${(size / 1e6).toFixed(2)} MB\n`);
if (size > MAXIMUM_BYTES) {
  process.stderr.write(`The package is larger than ${MAXIMUM_BYTES / 1e6} MB.\n`);
  process.exitCode = 1;
}
