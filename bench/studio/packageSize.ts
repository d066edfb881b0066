/** Size of the VSIX, with the embedded model and without. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';

import type { Measurement } from './measurement.ts';

const MEGABYTE = 1e6;

export function measurePackage(root: string, vsix: string): Measurement[] {
  const whole = statSync(vsix).size;
  const models = path.join(root, 'server', 'models');
  const model = readdirSync(models, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => deflateRawSync(readFileSync(path.join(parentPath, name))).length)
    .reduce((sum, bytes) => sum + bytes, 0);
  return [
    { name: 'VSIX', measured: whole / MEGABYTE, budget: 6, unit: 'MB' },
    {
      name: 'VSIX without the embedded model',
      measured: (whole - model) / MEGABYTE,
      budget: 1.5,
      unit: 'MB',
    },
  ];
}
