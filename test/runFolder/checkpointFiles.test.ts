/** What is seen to be wrong with a checkpoint before an engine is started for it. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { checkpointDamage } from '../../server/src/runFolder/checkpointFiles.ts';

let folder: string;
let weights: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-checkpoint-'));
  weights = path.join(folder, 'weights.safetensors');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Two numbers, as https://huggingface.co/docs/safetensors#format lays them out. */
function wholeFile(): Buffer {
  const header = Buffer.from('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}');
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, header, Buffer.alloc(8)]);
}

test('a whole one has none', () => {
  writeFileSync(weights, wholeFile());
  expect(checkpointDamage(folder)).toBeUndefined();
});

test('one that is not there, or holds nothing', () => {
  expect(checkpointDamage(path.join(folder, 'none'))).toBe('it is missing');
  expect(checkpointDamage(folder)).toBe('its folder is empty');
});

test.each([
  ['the last byte is missing', wholeFile().subarray(0, -1), 'it was cut'],
  ['all of the tensors are missing', wholeFile().subarray(0, -8), 'it was cut'],
  ['half of the header is missing', wholeFile().subarray(0, 30), 'ends within its header'],
  ['nothing is left', Buffer.alloc(0), 'it has 0 bytes'],
  ['it is zeros', Buffer.alloc(100), 'not a list of tensors'],
  ['it is ones', Buffer.alloc(100, 255), 'does not begin'],
  ['it was never fetched', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'Git LFS'],
])('%s', (_, content, reason) => {
  writeFileSync(weights, content);
  expect(checkpointDamage(folder)).toContain(reason);
  expect(checkpointDamage(folder)).toContain('weights.safetensors');
});

test('a file that the disk had no room for, and a folder in its place', () => {
  writeFileSync(weights, wholeFile());
  truncateSync(weights, 20);
  expect(checkpointDamage(folder)).toContain('ends within its header');
  rmSync(weights);
  mkdirSync(weights);
  expect(checkpointDamage(folder)).toContain('not a regular file');
});
