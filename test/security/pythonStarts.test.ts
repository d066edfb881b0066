/** No Python is started without the options that keep foreign folders out of its import path. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { ENGINE_KEYS_VARIABLE } from '../../server/protocol/engineKeys.ts';
import { namedProgram, pythonStart } from '../../server/src/python/pythonStart.mjs';
import { ENGINE_KEY_VARIABLE } from '../../server/src/machine/engineKeys.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Files that start programs other than Python, or a Python with no environment at all, and why that is so. */
const OTHER_STARTS: Readonly<Record<string, string>> = {
  'server/src/sandbox/wasm/wasmServer.ts': 'starts Node',
  'server/src/engine/tokenizer/confinedProcess.ts': 'starts Node',
  'server/src/sandbox/native/outerRing.ts': 'empty environment, working folder /',
  'server/src/sandbox/native/forkServer.ts': 'environment of its own, working folder /',
  'server/src/runFolder/processIdentity.ts': 'starts ps',
  'server/src/runs/launchDetached.ts': 'starts Node',
  'scripts/lock.mjs': 'starts uv',
  'scripts/checks.mjs': 'tools of this clone, with PYTHONSAFEPATH',
  'scripts/test.mjs': 'tests of this clone, with PYTHONSAFEPATH',
  'scripts/studio/openBrowser.mjs': 'starts a browser',
  'scripts/studio/desktop.mjs': 'starts VS Code',
  'scripts/studio/codeServer.mjs': 'starts Node',
  'scripts/studio/packExtension.mjs': 'starts Node',
  'scripts/bootstrap/spawnSupervised.mjs': 'passes on what its caller gives it',
  'scripts/bootstrap/runCommand.mjs': 'passes on what its caller gives it',
  'scripts/bootstrap/supervise.mjs': 'passes on what its caller gives it',
  'scripts/bootstrap/runInForeground.mjs': 'starts Node',
  'scripts/bootstrap/debianPackages.mjs': 'starts apt-get',
  'scripts/bootstrap/bundles.mjs': 'starts Node',
  'scripts/bootstrap/npm.mjs': 'starts npm',
  'bench/sandbox/oracle.ts': 'isolated (-I), in an empty folder',
  'bench/sandbox/freshProcess.ts': 'isolated (-I), in an empty folder',
  'bench/engine/gpuMemory.ts': 'starts nvidia-smi',
  'bench/engine/steps.ts': 'starts git and tar',
  'bench/security/main.ts': 'starts Node',
  'bench/scale/main.ts': 'starts Node',
  'bench/evaluation/lmEval.ts': 'starts Node, and Python with its options',
  'bench/studio/activation.ts': 'starts Node',
  'bench/studio/main.ts': 'starts Node',
};

const START =
  /(?<![.\w])(?:execa|execaSync|spawn|spawnSync|fork|execFile|execFileSync|execSync|runCommand|runSupervised|spawnSupervised)\(/g;

function sourcesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name).split(path.sep).join('/'))
    .filter((file) => ending.test(file) && !file.includes('node_modules'))
    .sort();
}

function countOf(pattern: RegExp, text: string): number {
  return [...text.matchAll(pattern)].length;
}

test('every start of a program in TypeScript is one of Python with its options, or of something else', () => {
  const sources = ['server/src', 'scripts', 'bench', 'extension/src'].flatMap((folder) =>
    sourcesBelow(folder, /\.(ts|mjs|cts|mts|js)$/),
  );
  const careless = sources.filter((file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const starts = countOf(START, text);
    return starts > 0 && !(file in OTHER_STARTS) && countOf(/pythonStart\(/g, text) < starts;
  });
  expect(careless).toEqual([]);
  // A reason that nothing needs any more would one day hide a new start.
  expect(Object.keys(OTHER_STARTS).filter((file) => !sources.includes(file))).toEqual([]);
});

test('every start of a program in the engine is one in its own folder and environment', () => {
  const sources = sourcesBelow('server/engine/src', /\.py$/);
  expect(sources.length).toBeGreaterThan(20);
  for (const file of sources) {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    const starts = countOf(
      /subprocess\.(?:Popen|run|call|check_\w+)\(|os\.(?:system|popen|exec\w+|spawn\w+)\(/g,
      text,
    );
    expect([file, countOf(/cwd=SOURCES,/g, text)]).toEqual([file, starts]);
    expect([file, countOf(/env=child_environment\(/g, text)]).toEqual([file, starts]);
  }
});

describe('the environment of a started Python', () => {
  /** As Node hands it on: what is undefined is left out. */
  function environmentOf(
    environment: NodeJS.ProcessEnv,
    start: Parameters<typeof pythonStart>[0] = {},
  ): NodeJS.ProcessEnv {
    const { env } = pythonStart({ ...start, environment });
    return Object.fromEntries(
      Object.entries({ ...environment, ...env }).filter(([, value]) => value !== undefined),
    );
  }

  test('has nothing of the user that says from where Python imports, unless it is absolute', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'azr-start-'));
    try {
      expect(
        environmentOf({
          ...{ HOME: '/home/somebody', PYTHONPATH: `:${folder}:modules`, PYTHONSTARTUP: 'a.py' },
          ...{ PYTHONINSPECT: '1', PYTHONHOME: '.', PYTHONUSERBASE: '', PythonPath: 'other' },
          ...{ PYTHONPYCACHEPREFIX: folder, PYTHONSAFEPATH: '' },
        }),
      ).toEqual({ HOME: '/home/somebody', PYTHONPYCACHEPREFIX: folder, PYTHONSAFEPATH: '1' });
      const { env } = pythonStart({ packages: [folder], environment: { PYTHONPATH: 'modules' } });
      expect(env['PYTHONPATH']).toBe(folder);
      expect(() => pythonStart({ packages: ['modules'] })).toThrow('not an absolute path');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('has no secret; what logs in somewhere keeps all but the keys of engines', () => {
    const keys = { [ENGINE_KEY_VARIABLE]: 'a', [ENGINE_KEYS_VARIABLE]: '{}' };
    const secrets = {
      ...{ HF_TOKEN: 'b', HUGGING_FACE_HUB_TOKEN: 'c', OPENAI_API_KEY: 'd', GITHUB_TOKEN: 'e' },
      ...{ AWS_SECRET_ACCESS_KEY: 'f', DB_PASSWORD: 'g', aws_session_token: 'h' },
    };
    const others = { TOKENIZERS_PARALLELISM: 'false', KEYBOARD: 'i', PATH: '/usr/bin' };
    const environment = { ...keys, ...secrets, ...others };
    expect(environmentOf(environment)).toEqual({ ...others, PYTHONSAFEPATH: '1' });
    expect(environmentOf(environment, { keepsSecrets: true })).toEqual({
      ...{ ...secrets, ...others },
      PYTHONSAFEPATH: '1',
    });
  });

  test('means the same files as where the user is', () => {
    const { cwd, env } = pythonStart({
      environment: {
        ...{ HF_HOME: 'cache', PIP_CERT: '../certificate.pem', SSL_CERT_FILE: '/etc/cert.pem' },
        ...{ PIP_FIND_LINKS: 'wheels https://example.org/wheels' },
      },
    });
    expect(env).toMatchObject({
      HF_HOME: path.resolve('cache'),
      PIP_CERT: path.resolve('../certificate.pem'),
      SSL_CERT_FILE: '/etc/cert.pem',
      PIP_FIND_LINKS: `${path.resolve('wheels')} https://example.org/wheels`,
    });
    expect(namedProgram('python3')).toBe('python3');
    expect(namedProgram('.venv/bin/python')).toBe(path.resolve('.venv/bin/python'));
    expect(readdirSync(cwd).filter((name) => name.endsWith('.py'))).toEqual([]);
    expect(cwd).toBe(fileURLToPath(new URL('../../server/src/python/', import.meta.url)));
  });
});
