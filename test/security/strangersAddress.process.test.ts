/** An address in a stranger's folder collects the key that the user's terminal has in its environment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { modelDigest } from '../../server/src/machine/models/modelFolder.ts';
import { RunCatalog } from '../../server/src/runs/runCatalog.ts';
import { runIdOf } from '../../server/src/runFolder/runId.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { azr, type AzrResult } from '../cli/azr.ts';
import { programPath } from '../programs/programs.ts';
import { sampleInformation, sampleSession, sampleStep } from '../store/sampleRun.ts';

const MODEL = path.resolve(import.meta.dirname, '../../server/models/azr-nano');
const KEY = 'MARKER-KEY-OF-THE-USER';

let folder: string;
let server: Server;
let address: string;
/** The key of every request, in the order in which they came; undefined for one without. */
let keys: (string | undefined)[];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-stranger-'));
  mkdirSync(path.join(folder, 'data'));
  keys = [];
  server = createServer((request, response) => {
    const given = request.headers['x-api-key'] as string | undefined;
    keys.push(given === '' ? undefined : given);
    response.writeHead(401).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** What a stranger sends: a run at their address, beside an azr.json that says something harmless. */
async function strangersRun(): Promise<string> {
  const run = path.join(folder, 'stranger');
  mkdirSync(run);
  const information = sampleInformation();
  const settings = { ...information.settings, model: MODEL, engineUrl: address };
  const store = SqliteRunStore.create(path.join(run, 'run.db'), {
    ...information,
    settings: { ...settings, trainable: 'full', probe: 'none' },
    dialect: 'compact',
    modelDigest: await modelDigest(MODEL),
  });
  store.startSession(sampleSession(-1));
  store.commitStep(sampleStep(0));
  store.recordCheckpoint(0, 'tinker://run/weights/0');
  store.close();
  writeFileSync(path.join(run, 'azr.json'), '{"engineUrl": "local"}');
  return run;
}

function environment(more: Readonly<Record<string, string>>): Record<string, string> {
  return {
    ...{ TINKER_API_KEY: KEY, TINKER_BASE_URL: '' },
    ...{ XDG_DATA_HOME: path.join(folder, 'data'), LOCALAPPDATA: path.join(folder, 'data') },
    ...more,
  };
}

function inTerminal(
  argumentList: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<AzrResult> {
  return azr(argumentList, { folder, environment: environment(more) });
}

function expectRefused({ code, stdout, stderr }: AzrResult): void {
  expect(keys).toEqual([]);
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toContain(`the engine at ${address}, but the key in`);
  expect(stderr).toContain(`set TINKER_BASE_URL=${address}`);
  expect(stderr).not.toContain(KEY);
}

describe('no key is sent without consent', () => {
  test("on resuming a stranger's run, unless its address is named as the key's", async () => {
    const run = await strangersRun();
    expectRefused(await inTerminal(['resume', run]));

    const other = await inTerminal(['resume', run], {
      TINKER_BASE_URL: 'https://mine.example/api',
    });
    expect(keys).toEqual([]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('belongs to https://mine.example, as TINKER_BASE_URL says');

    const named = await inTerminal(['resume', run], { TINKER_BASE_URL: `${address}/api` });
    expect(new Set(keys)).toEqual(new Set([KEY]));
    const [first] = named.stdout.split('\n');
    expect(first).toBe(
      `The engine is at ${address}: prompts, completions and checkpoints go there, with the key in TINKER_API_KEY.`,
    );
  });

  test("on branching from a stranger's run, and nothing of it is copied", async () => {
    const run = await strangersRun();
    const branch = ['run', '--branch', run, '--directory', 'branch'];
    expectRefused(await inTerminal(branch));
    expect(existsSync(path.join(folder, 'branch'))).toBe(false);
    // Another address on the command line says nothing of this one.
    expectRefused(await inTerminal([...branch, '--set', 'engineUrl=http://127.0.0.1:9']));
    await inTerminal([...branch, '--set', `engineUrl=${address}`]);
    expect(new Set(keys)).toEqual(new Set([KEY]));
  });

  test("on starting a run with a stranger's azr.json, unless the address is typed", async () => {
    const settings = { model: MODEL, probe: 'none', engineUrl: address };
    writeFileSync(path.join(folder, 'azr.json'), JSON.stringify(settings));
    expectRefused(await inTerminal(['run', '--directory', 'new']));
    expectRefused(await inTerminal(['run', 'azr.json', '--directory', 'new']));
    expect(existsSync(path.join(folder, 'new'))).toBe(false);
    await inTerminal(['run', 'azr.json', '--directory', 'new', '--set', `engineUrl=${address}`]);
    expect(new Set(keys)).toEqual(new Set([KEY]));
  });

  test("on starting a run of a stranger's model, which cannot name an address", async () => {
    const model = path.join(folder, 'model');
    cpSync(MODEL, model, { recursive: true });
    const facts = path.join(model, 'azr-model.json');
    const known = JSON.parse(readFileSync(facts, 'utf8')) as object;
    writeFileSync(facts, JSON.stringify({ ...known, engineUrl: address }));
    const { code, stderr } = await inTerminal(['run', '--model', model, '--directory', 'new']);
    expect(keys).toEqual([]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${facts}: "engineUrl" cannot be set by a model.`);
  });

  test('and without a key, the first line says where everything goes', async () => {
    const run = await strangersRun();
    const { stdout } = await inTerminal(['resume', run], { TINKER_API_KEY: '' });
    expect(stdout.split('\n')[0]).toBe(
      `The engine is at ${address}: prompts, completions and checkpoints go there, without a key.`,
    );
    const json = await inTerminal(['resume', run, '--json'], { TINKER_API_KEY: '' });
    expect(json.stdout.split('\n')[1]).toContain(`{"kind":"notice","message":"The engine is at `);
    expect(keys.length).toBeGreaterThan(0);
    expect(new Set(keys)).toEqual(new Set([undefined]));
  });
});

test("a window sends its own key for the address, never a terminal's that it was started with", async () => {
  const run = await strangersRun();
  vi.stubEnv('TINKER_API_KEY', KEY);
  vi.stubEnv('TINKER_BASE_URL', address);
  const resume = async (engineKeys: ReadonlyMap<string, string>): Promise<void> => {
    keys = [];
    const catalog = new RunCatalog({
      searchFolders: [folder],
      cliProgram: [process.execPath, programPath('cli')],
      pythonPath: '',
      engineKeys,
      onChange: () => undefined,
      onEnded: () => undefined,
    });
    try {
      await catalog.scan();
      await expect(
        catalog.resume(runIdOf(run), new AbortController().signal),
      ).rejects.toMatchObject({ code: 'engine_key_refused' });
    } finally {
      await catalog.dispose();
    }
  };
  await resume(new Map([['https://mine.example', 'KEY-OF-MINE']]));
  expect(new Set(keys)).toEqual(new Set([undefined]));
  await resume(new Map([[address, 'KEY-OF-THIS-ADDRESS']]));
  expect(new Set(keys)).toEqual(new Set(['KEY-OF-THIS-ADDRESS']));
});

test.runIf(process.platform === 'linux')(
  'on a terminal the address is shown and asked for, once for each key',
  async () => {
    const run = await strangersRun();
    const answering = async (answer: string): Promise<string> => {
      const program = [
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        programPath('cli'),
      ];
      const line = [...program, 'resume', run].map((part) => `'${part}'`).join(' ');
      // `script` gives the program a terminal of its own.
      const terminal = spawn('script', ['-qec', line, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, ...environment({}) },
      });
      const ended = once(terminal, 'close');
      let screen = '';
      terminal.stdout.on('data', (data: Buffer) => {
        const wasAsked = screen.includes('[y/N]');
        screen += data.toString('utf8');
        if (!wasAsked && screen.includes('[y/N]')) terminal.stdin.write(answer);
      });
      await ended;
      expect(screen).toContain(`name the engine at ${address}.`);
      expect(screen).toContain('Send it the key in TINKER_API_KEY? [y/N]');
      return screen;
    };
    for (const no of ['\n', 'n\n', '\u0004']) {
      expect(await answering(no)).toContain('It was not sent.');
    }
    // Ctrl-C ends the command itself.
    expect(await answering('\u0003')).not.toContain('The engine is at');
    expect(keys).toEqual([]);

    expect(await answering('y\n')).toContain(`The engine is at ${address}`);
    expect(new Set(keys)).toEqual(new Set([KEY]));
    const consents = path.join(folder, 'data', 'azr-studio', 'engine-consents.json');
    expect(statSync(consents).mode & 0o777).toBe(0o600);
    expect(readFileSync(consents, 'utf8')).not.toContain(KEY);

    // It is asked for once: where nobody can be asked, the answer is known.
    keys = [];
    await inTerminal(['resume', run]);
    expect(new Set(keys)).toEqual(new Set([KEY]));
    keys = [];
    expectRefused(await inTerminal(['resume', run], { TINKER_API_KEY: 'ANOTHER-KEY' }));
  },
);
