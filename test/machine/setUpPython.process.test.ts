import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { engineFacts } from '../../server/src/machine/engineFacts.ts';
import { enginePython, userEnvironment } from '../../server/src/machine/enginePython.ts';
import { environmentStamp, interpreterIn } from '../../server/src/python/environment.mjs';
import { machineOverview } from '../../server/src/doctor/machineOverview.ts';
import { setUpPython } from '../../server/src/machine/setUpPython.ts';

let folder: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-setup-'));
  lines = [];
  // What a machine says of its package index must not decide what these tests see.
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
  vi.stubEnv('PIP_EXTRA_INDEX_URL', undefined);
  vi.stubEnv('PIP_FIND_LINKS', undefined);
  vi.stubEnv('AZR_PYTHON', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function setUp(packages: string, directory = path.join(folder, 'python')): Promise<string> {
  const engineFolder = path.join(folder, 'engine');
  mkdirSync(path.join(engineFolder, 'locks'), { recursive: true });
  for (const file of ['pip.txt', 'torch.txt']) {
    writeFileSync(path.join(engineFolder, 'locks', file), '# nothing');
  }
  writeFileSync(path.join(engineFolder, 'locks', 'packages.txt'), packages);
  // Not even what is tried first where there is no GPU can be had, which stops nobody.
  writeFileSync(path.join(engineFolder, 'requirements-cpu.txt'), 'no-such-torch-of-azr==1.0');
  const { signal } = new AbortController();
  return setUpPython({ directory, engineFolder, signal, onLine: (line) => lines.push(line) });
}

/** A program that stands for a Python with something missing. */
function pretend(script: string): void {
  const program = path.join(folder, 'pretended-python');
  writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('AZR_PYTHON', program);
}

describe('the environment of a user without a clone', () => {
  test('is made once, found as long as it is complete, and without network is not there', async () => {
    vi.stubEnv('XDG_DATA_HOME', folder);
    // Nothing is to be had; the pip that Python brings along will do for nothing.
    vi.stubEnv('PIP_NO_INDEX', '1');
    const root = path.join(folder, 'installation');
    expect(enginePython(root)).toBe('python3');
    const python = await setUp('# nothing', userEnvironment());
    expect(python).toBe(interpreterIn(userEnvironment()));
    expect(enginePython(root)).toBe(python);
    expect(lines.join('\n')).toContain('Making an environment');

    lines = [];
    await setUp('# nothing', userEnvironment());
    expect(lines).toEqual([expect.stringContaining('is complete')]);

    // An update that cannot be had leaves nothing that looks complete.
    vi.stubEnv('PIP_NO_INDEX', undefined);
    vi.stubEnv('PIP_INDEX_URL', 'http://127.0.0.1:9/');
    vi.stubEnv('PIP_RETRIES', '1');
    await expect(
      setUp(`no-such-package-of-azr==1.0 --hash=sha256:${'0'.repeat(64)}`, userEnvironment()),
    ).rejects.toMatchObject({
      code: 'network',
      remedy: expect.stringContaining('HTTPS_PROXY') as string,
    });
    expect(lines.some((line) => line.includes('no-such-package-of-azr'))).toBe(true);
    expect(environmentStamp(userEnvironment())).toBeUndefined();
    expect(enginePython(root)).toBe('python3');
    vi.stubEnv('AZR_PYTHON', '/named/python');
    expect(enginePython(root)).toBe('/named/python');
  });

  test.each([
    ['no Python', 'exit 127', 'no-python', 'cannot be started'],
    ['an old one', 'echo 3.8.1; echo /usr/bin/python3.8', 'no-python', 'Python 3.8.1'],
    [
      'no venv module',
      'if [ "$1" = -c ]; then echo 3.12.1; echo "$0"; else echo "No module named venv" >&2; exit 1; fi',
      ...['no-venv', 'venv'],
    ],
    [
      'no space',
      'if [ "$1" = -c ]; then echo 3.12.1; echo "$0"; else echo "[Errno 28] No space left on device"; exit 1; fi',
      ...['disk-full', 'full'],
    ],
  ])('with %s says so', async (_, script, code, said) => {
    pretend(script);
    await expect(setUp('# nothing')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(said) as string,
      remedy: expect.stringMatching(/\.$/) as string,
    });
  });

  test('never takes the place of something else', async () => {
    const directory = path.join(folder, 'documents');
    mkdirSync(directory);
    writeFileSync(path.join(directory, 'letter.txt'), 'dear');
    await expect(setUp('# nothing', directory)).rejects.toMatchObject({ code: 'folder-in-use' });
    expect(readdirSync(directory)).toEqual(['letter.txt']);
  });
});

describe('what a machine can run', () => {
  beforeEach(() => {
    // Models fetched earlier on this machine would be offered too.
    vi.stubEnv('XDG_DATA_HOME', path.join(folder, 'data'));
    vi.stubEnv('HF_HUB_CACHE', path.join(folder, 'hub'));
  });

  test('is its device, the embedded model, and the run file and models of the folder', async () => {
    writeFileSync(path.join(folder, 'azr.json'), '{"steps": 12, "seed": 3}');
    makeModel('models/small', 5_000_000);
    makeModel('models/huge', 40_000_000_000);
    mkdirSync(path.join(folder, 'models/no-weights'));
    writeFileSync(path.join(folder, 'models/no-weights/config.json'), '{}');
    const { device, choices, problem } = await machineOverview({ folder });
    expect(problem).toBeUndefined();
    expect(device).toMatch(/GiB$/);
    expect(choices.map(({ kind, label, fits }) => [kind, label, fits])).toEqual([
      ['run-file', 'azr.json', true],
      ['model', 'azr-nano', true],
      ['model', 'smollm2-135m', true],
      ['model', path.join('models', 'huge'), false],
      ['model', path.join('models', 'small'), true],
    ]);
    expect(choices[0]!.detail).toContain('12 steps, seed 3');
    expect(choices[2]).toMatchObject({ mustFetch: true });
    expect(choices[3]!.detail).toContain('40.0 B parameters');
    const memory = / ([\d.]+ GiB)$/.exec(device)![1]!;
    for (const choice of choices) expect(choice.detail).toContain(`of ${memory}`);
    const { device: kind } = await engineFacts(enginePython());
    // 40 G weights of 2 or 4 bytes, and by far not as much again for what comes on top.
    const weightsGib = (40e9 * (kind === 'cuda' ? 2 : 4)) / 2 ** 30;
    const wanted = /Adapters need up to (\d+) GiB/.exec(choices[3]!.detail);
    expect(Number(wanted?.[1])).toBeGreaterThan(weightsGib);
    expect(Number(wanted?.[1])).toBeLessThan(2 * weightsGib);

    // Asked again, a model that changed since is not told as it was.
    makeModel('models/small', 40_000_000_000);
    const again = await machineOverview({ folder });
    expect(again.choices.map(({ fits }) => fits)).toEqual([true, true, true, false, false]);
  });

  test('is said with what is wrong with the run file, and with Python', async () => {
    writeFileSync(path.join(folder, 'azr.json'), '{"stepz": 12}');
    pretend('exit 127');
    const { choices, problem } = await machineOverview({ folder });
    expect(choices[0]).toMatchObject({
      kind: 'run-file',
      fits: false,
      detail: expect.stringContaining('Unknown setting "stepz"') as string,
    });
    expect(problem).toMatchObject({ code: 'no-engine-packages' });
    const [, embedded, packaged] = choices;
    expect(embedded).toMatchObject({ value: 'azr-nano', fits: true });
    expect(packaged).toMatchObject({ value: 'smollm2-135m', fits: true });
    for (const { detail } of [embedded!, packaged!]) {
      expect(detail).toMatch(/^What it needs is not known until Python is set up; /);
    }
  });

  /** A model of one tensor: its header says how large it would be. */
  function makeModel(name: string, parameters: number): void {
    const place = path.join(folder, name);
    mkdirSync(place, { recursive: true });
    writeFileSync(path.join(place, 'config.json'), '{"model_type": "llama"}');
    const header = JSON.stringify({
      __metadata__: { format: 'pt' },
      weight: { dtype: 'BF16', shape: [parameters / 1000, 1000], data_offsets: [0, 0] },
    });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(
      path.join(place, 'model.safetensors'),
      Buffer.concat([length, Buffer.from(header)]),
    );
  }
});
