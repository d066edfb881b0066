/** What `npm start` does in a bare clone, and how it fails and recovers. */
import { chmodSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { bootstrap } from '../../scripts/bootstrap/bootstrap.mjs';
import { showsNoGpu } from '../../server/src/python/lockedInstall.mjs';
import { Clone, finished, lockedPackages } from './clone.ts';

let clone: Clone;

beforeEach(() => {
  clone = new Clone();
});

afterEach(() => {
  clone.remove();
});

describe('a bare clone', () => {
  test('is set up, then runs the CLI with the arguments that follow', async () => {
    const run = await clone.start();

    expect(run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual(['run', '--steps', '1']);
    expect(clone.calls().toSorted()).toEqual([
      ...['npm ci', 'pip install', 'pip upgrade', 'pip with CUDA', 'venv with pip'],
    ]);
    const lines = run.stderr.trimEnd().split('\n');
    for (const title of [
      ...['Installing the Node packages', 'Building', 'Making the Python environment'],
      'Installing PyTorch and the engine’s Python packages',
    ]) {
      const said = lines.filter((line) => line.startsWith(title));
      expect(said).toEqual([`${title} …`, expect.stringMatching(/ … \d+\.\d s$/)]);
    }
    expect(lines).toHaveLength(8);
  });

  test('set up once is only run the second time, silently', async () => {
    await clone.start();
    const calls = clone.calls();

    const run = await clone.start();

    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(clone.calls()).toEqual(calls);
  });
});

test.each(['ok', 'no-cpu-builds'] as const)(
  'where Linux shows no GPU, PyTorch without CUDA is tried first (%s)',
  async (pip) => {
    clone.write('server/engine/requirements-cpu.txt', 'torch==2.13.0\n');

    expect((await clone.start({ pip })).exitCode).toBe(0);

    const first = showsNoGpu() ? ['pip without CUDA'] : [];
    const second = showsNoGpu() && pip === 'ok' ? [] : ['pip with CUDA'];
    expect(clone.calls().filter((call) => call.startsWith('pip'))).toEqual([
      ...['pip upgrade', ...first, ...second, 'pip install'],
    ]);
  },
);

test.each(['ok', 'offline'] as const)(
  'where there is uv, it installs what is pinned, and pip where uv cannot (%s)',
  async (uv) => {
    expect((await clone.start({ uv })).exitCode).toBe(0);

    const byUv = uv === 'ok' ? ['uv torch', 'uv packages'] : ['uv torch'];
    const byPip = uv === 'ok' ? [] : ['pip upgrade', 'pip with CUDA', 'pip install'];
    expect(clone.calls().filter((call) => !/^(npm|venv)/.test(call))).toEqual([...byUv, ...byPip]);
  },
);

test('what needs no Python can begin while Python’s packages are on their way', async () => {
  const setUp = new AbortController();
  vi.stubEnv('PATH', clone.installFakes({ pip: 'hang' }));
  vi.stubEnv('npm_execpath', '');
  const ended = vi.fn();
  const begun = new Promise<string>((resolve) => {
    bootstrap({ root: clone.root, signal: setUp.signal, onNodeReady: resolve }).catch(ended);
  });
  try {
    expect(await begun).toBe(process.execPath);
    expect(clone.has('dist/cli.mjs')).toBe(true);
    expect(ended).not.toHaveBeenCalled();
  } finally {
    setUp.abort();
    await expect.poll(() => ended.mock.calls).toMatchObject([[{ code: 'interrupted' }]]);
    vi.unstubAllEnvs();
  }
});

describe('only what has changed is done again', () => {
  beforeEach(async () => {
    await clone.start();
    clone.remove('calls.log');
  });

  test('a new package-lock.json: npm ci', async () => {
    clone.write('package-lock.json', JSON.stringify({ packages: lockedPackages('1.0.1') }));
    expect((await clone.start()).exitCode).toBe(0);
    expect(clone.calls()).toEqual(['npm ci']);
  });

  test('node_modules of another system: npm ci', async () => {
    const installed = JSON.parse(clone.read('node_modules/.package-lock.json')) as {
      packages: Record<string, unknown>;
    };
    delete installed.packages['node_modules/for-this-system'];
    clone.write('node_modules/.package-lock.json', JSON.stringify(installed));
    await clone.start();
    expect(clone.calls()).toEqual(['npm ci']);
  });

  test.each(['pip', 'torch', 'packages'])(
    'a new lock of %s: pip, in the environment that is there',
    async (file) => {
      clone.write(`server/engine/locks/${file}.txt`, `${file}==1.1 --hash=sha256:0\n`);
      await clone.start();
      expect(clone.calls()).toEqual(['pip upgrade', 'pip with CUDA', 'pip install']);
    },
  );

  test('an environment whose Python is gone: all of it', async () => {
    clone.remove('.venv/bin/python');
    await clone.start();
    expect(clone.calls()).toEqual(['venv with pip', 'pip upgrade', 'pip with CUDA', 'pip install']);
  });

  test('a changed source: the build', async () => {
    const future = Date.now() / 1000 + 10;
    utimesSync(path.join(clone.root, 'scripts/source.txt'), future, future);
    const run = await clone.start();
    expect(run.stderr).toMatch(/^Building …\nBuilding … \d+\.\d s\n$/);
    expect(clone.calls()).toEqual([]);
  });
});

describe('a failure names the remedy, and the next try works', () => {
  test.each([
    ['npm offline', { npm: 'offline' }, 'network', 'network connection'],
    ['an optional package offline', { npm: 'optional-offline' }, 'network', 'network connection'],
    ['npm on a full disk', { npm: 'disk-full' }, 'disk-full', 'Free some space'],
    ['no npm', { npm: 'absent' }, 'npm-missing', 'Install npm'],
    ['no Python', { python: 'absent' }, 'no-python', 'apt install python3'],
    ['an old Python', { pythonVersion: '3.9.2' }, 'no-python', '3.10 to 3.14'],
    ['a Python too new', { pythonVersion: '3.15.0' }, 'no-python', '3.10 to 3.14'],
    ['no venv module', { python: 'no-venv' }, 'no-venv', 'apt install python3-venv'],
    ['pip offline', { pip: 'offline' }, 'network', 'network connection'],
    ['a package that was changed', { pip: 'changed' }, 'package-changed', 'another package index'],
    ['pip on a full disk', { pip: 'disk-full' }, 'disk-full', 'Free some space'],
  ] as const)('%s', async (_situation, fakes, code, remedy) => {
    const failed = await clone.start(fakes);

    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toBe('');
    expect(failed.stderr).toContain(`Set-up failed (${code})`);
    expect(failed.stderr).toMatch(new RegExp(`What to do: .*${remedy}`));
    expect((await clone.start()).exitCode).toBe(0);
  });

  test('what is done beside a step that fails ends with it', async () => {
    const failed = await clone.start({ npm: 'offline', pip: 'hang' });

    expect(failed.stderr).toContain('Set-up failed (network)');
    expect(clone.read('.tools/logs/npm.log')).toContain('ENOTFOUND');
    if (clone.has('hanging.json')) {
      expect((JSON.parse(clone.read('hanging.json')) as number[]).filter(isRunning)).toEqual([]);
    }
    expect((await clone.start()).exitCode).toBe(0);
  });

  test('the log of a failed step is kept, and its end is shown', async () => {
    const failed = await clone.start({ npm: 'disk-full' });

    expect(failed.stderr).toContain('    npm error nospc ENOSPC: no space left on device, write');
    expect(failed.stderr).toContain(path.join('.tools', 'logs', 'npm.log'));
    expect(clone.read('.tools/logs/npm.log')).toContain('npm error syscall write');
  });

  test('a Python without ensurepip is enough where the system has pip', async () => {
    const run = await clone.start({ python: 'no-ensurepip-but-pip' });

    expect(run.exitCode).toBe(0);
    expect(clone.calls().filter((call) => call !== 'npm ci')).toEqual([
      'venv with pip',
      'virtualenv',
      'venv without pip',
      'pip for the environment',
      'pip upgrade',
      'pip with CUDA',
      'pip install',
    ]);
  });

  test('the pip that Python brings along is enough where no newer one can be had', async () => {
    const run = await clone.start({ pip: 'no-upgrade' });

    expect(run.exitCode).toBe(0);
    expect(clone.read('.tools/logs/pip-itself.log')).toContain('Could not find a version');
    expect(clone.calls().slice(-3)).toEqual(['pip upgrade', 'pip with CUDA', 'pip install']);
  });

  test('a Python that can make no environment is enough where there is uv', async () => {
    const run = await clone.start({ python: 'no-venv', uv: 'ok' });

    expect(run.exitCode).toBe(0);
    expect(clone.calls()).toContain('uv venv');
  });

  test('a folder that cannot be written', async () => {
    // Root may write anywhere, so the folder that set-up makes is blocked by a file instead.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) {
      clone.write('.tools', 'in the way');
    } else {
      chmodSync(clone.root, 0o555);
    }

    const failed = await clone.start();

    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/Set-up failed \(folder-not-writable\): .*\.tools/s);
    if (isRoot) {
      clone.remove('.tools');
    } else {
      chmodSync(clone.root, 0o755);
    }
    expect((await clone.start()).exitCode).toBe(0);
  });
});

describe('a set-up that is stopped half-way', () => {
  test.each([
    ['npm', 'SIGINT'],
    ['npm', 'SIGKILL'],
    ['pip', 'SIGINT'],
    ['pip', 'SIGKILL'],
  ] as const)('%s by %s: nothing of it goes on, and the next try works', async (step, signal) => {
    const child = clone.spawnStart({ [step]: 'hang' });
    const end = finished(child);
    const hanging = await hangingProcesses();

    child.kill(signal);

    const run = await end;
    if (signal === 'SIGINT') {
      expect(run.exitCode).toBe(130);
      expect(run.stderr).toContain('Set-up failed (interrupted)');
    }
    await expect.poll(() => hanging.filter(isRunning), { timeout: 10_000 }).toEqual([]);
    const next = await clone.start();
    expect(next.exitCode).toBe(0);
    expect(clone.has('node_modules/half')).toBe(false);
  });
});

describe('two set-ups at once', () => {
  test('the second waits, then finds everything done', async () => {
    const runs = await Promise.all([clone.start({ npm: 'slow' }), clone.start({ npm: 'slow' })]);

    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(clone.calls().toSorted()).toEqual([
      ...['npm ci', 'pip install', 'pip upgrade', 'pip with CUDA', 'venv with pip'],
    ]);
  });

  test.each([
    ['a process that is gone', async () => finishedProcess()],
    ['a process whose id another has now', async () => process.pid],
  ])('a lock left by %s is taken over', async (_owner, processId) => {
    const owner = { processId: await processId(), startTime: '1', host: hostname() };
    clone.write('.tools/setup.lock', JSON.stringify(owner));

    const run = await clone.start();

    expect(run).toMatchObject({ exitCode: 0 });
    expect(run.stderr).not.toContain('waiting');
    expect(clone.has('.tools/setup.lock')).toBe(false);
  });
});

async function finishedProcess(): Promise<number | undefined> {
  const child = clone.spawnStart({ npm: 'absent' });
  await finished(child);
  return child.pid;
}

async function hangingProcesses(): Promise<readonly number[]> {
  await expect.poll(() => clone.has('hanging.json'), { timeout: 10_000 }).toBe(true);
  await delay(50);
  return JSON.parse(clone.read('hanging.json')) as number[];
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch {
    return false;
  }
}
