/** `npm run package`: builds and packs the extension, and holds it to its size. */
import { createVSIX } from '@vscode/vsce';
import { statSync } from 'node:fs';
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';

/** Largest VSIX with the embedded model and the recorded run, so that an install stays quick. */
const MAXIMUM_BYTES = 6_500_000;

const packagePath = path.join(PROJECT_ROOT, 'dist', 'azr-studio.vsix');
await createVSIX({
  cwd: PROJECT_ROOT,
  packagePath,
  dependencies: false,
  allowMissingRepository: true,
  // Without a repository address, the README's pictures have nowhere else to point.
  rewriteRelativeLinks: false,
});
const { size } = statSync(packagePath);
process.stdout.write(`${packagePath}: ${(size / 1e6).toFixed(2)} MB\n`);
if (size > MAXIMUM_BYTES) {
  process.stderr.write(`The package is larger than ${MAXIMUM_BYTES / 1e6} MB.\n`);
  process.exitCode = 1;
}
