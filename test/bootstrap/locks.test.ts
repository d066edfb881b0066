/** What is installed of Python is pinned to the last file, and follows from requirements.txt. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

const ENGINE = path.join(import.meta.dirname, '../../server/engine');

interface Pin {
  readonly name: string;
  readonly version: string;
  readonly marker: string;
  readonly hashes: readonly string[];
}

/** Every requirement of a file; throws for one that is not pinned to one version. */
function pinsOf(file: string): Pin[] {
  const text = readFileSync(path.join(ENGINE, file), 'utf8').replaceAll(/\\\n/g, ' ');
  const lines = text.split('\n').filter((line) => line !== '' && !/^(#|--index-url)/.test(line));
  return lines.map((line) => {
    const found = /^([\w.-]+)==([\w.]+)(?:\s*;\s*(.*?))?((?:\s+--hash=\S+)*)\s*$/.exec(line);
    if (found === null) throw new Error(`${file}: ${line}`);
    const [, name = '', version = '', marker = '', hashes = ''] = found;
    return {
      name: name.toLowerCase().replaceAll('_', '-'),
      version,
      marker: marker.replaceAll('python_full_version', 'python_version').replaceAll("'", '"'),
      hashes: hashes.split(/\s+/).filter((hash) => hash !== ''),
    };
  });
}

const LOCKS = ['pip', 'torch', 'packages'].map((name) => pinsOf(`locks/${name}.txt`));

test('every package of a lock has the SHA-256 of its files', () => {
  for (const { name, hashes } of LOCKS.flat()) {
    expect(hashes, name).not.toEqual([]);
    for (const hash of hashes) expect(hash, name).toMatch(/^--hash=sha256:[0-9a-f]{64}$/);
  }
});

test('the locks hold what requirements.txt asks for, in the same versions', () => {
  const locked = LOCKS.flat().map(({ name, version, marker }) => ({ name, version, marker }));
  for (const { name, version, marker } of pinsOf('requirements.txt')) {
    expect(locked.filter((pin) => pin.name === name)).toContainEqual({ name, version, marker });
  }
});

test('pip comes first and alone; what comes with CUDA is apart, since it is left out without a GPU', () => {
  const [pip = [], torch = [], packages = []] = LOCKS;
  expect(pip.map(({ name }) => name)).toEqual(['pip']);
  expect(torch.map(({ name }) => name)).toContain('torch');
  for (const { name } of torch) expect(name).toMatch(/^(torch|triton|nvidia-|cuda-)/);
  for (const { name } of packages) expect(name).not.toMatch(/^(pip$|torch|triton|nvidia-|cuda-)/);
});

test('the pins of PyTorch with and without CUDA are the same', () => {
  const versionsIn = (file: string) =>
    pinsOf(file)
      .filter(({ name }) => name === 'torch')
      .map(({ version }) => version);
  expect(versionsIn('requirements-cpu.txt')).toHaveLength(1);
  expect(versionsIn('requirements-cpu.txt')).toEqual(versionsIn('locks/torch.txt'));
});
