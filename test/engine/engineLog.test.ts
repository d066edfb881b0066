/** A log that cannot be written costs its messages, and nothing else. */
import { fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';

import { expect, test } from 'vitest';

import { keepLog } from '../../server/src/engine/engineLog.ts';

test('a log holds what the engine said, and its file is closed at the end', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-engine-log-'));
  const file = path.join(folder, 'engine.log');
  const descriptor = openSync(file, 'a');
  const output = new PassThrough();
  keepLog(output, descriptor);
  output.write('one\n');
  output.end('two\n');
  await finished(output);
  await new Promise(setImmediate);
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  expect(() => fstatSync(descriptor)).toThrow('EBADF');
  rmSync(folder, { recursive: true });
});

// What is written to this device always finds a full disk.
test.skipIf(process.platform !== 'linux')('a full disk ends nothing', async () => {
  const output = new PassThrough();
  keepLog(output, openSync('/dev/full', 'w'));
  const heard: string[] = [];
  output.on('data', (data: Buffer) => heard.push(data.toString()));
  output.write('one');
  output.end('two');
  await finished(output);
  expect(heard.join('')).toBe('onetwo');
});
