import { readFileSync } from 'node:fs';
import path from 'node:path';

import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { assetRoot } from '../machine/assets.ts';

/** Version of the program and of its protocol, for `azr --version` and bug reports. */
export function versionText(): string {
  const file = path.join(assetRoot(), 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return `azr ${version} (protocol ${PROTOCOL_VERSION}, Node ${process.versions.node})`;
}
