import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { settingsSchema } from '../../server/src/settings/settingsSchema.ts';
import { azr, jsonLines } from './azr.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-cli-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('azr --version, azr --help and each command --help', async () => {
  expect((await azr(['--version'])).stdout).toMatch(/^azr \d+\.\d+\.\d+ \(protocol 1, Node /);
  const overview = await azr(['--help']);
  expect(overview.code).toBe(0);
  const names = [...overview.stdout.matchAll(/^ {2}azr (\w+)/gm)].map(([, name]) => name!);
  expect(names).toEqual([
    'run',
    'resume',
    'attach',
    'replay',
    'eval',
    'doctor',
    'setup',
    'models',
    'exec',
    'validate',
    'verify',
    'serve',
    'schema',
  ]);
  for (const name of names) {
    const help = await azr([name, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(new RegExp(`^Usage: azr ${name}`));
  }
});

test('azr schema prints the schema', async () => {
  expect(JSON.parse((await azr(['schema'])).stdout)).toEqual(settingsSchema());
});

describe('wrong usage starts nothing and says what is right', () => {
  test.each([
    [['walk'], 'There is no command "walk"'],
    [['run', '--stpes', '3'], "Unknown option '--stpes'"],
    [['run', 'a.json', 'b.json'], 'more than one run file'],
    [
      ['run', '--steps', 'many'],
      '--steps: "steps" must be an integer from 1 to 1000000, not "many"',
    ],
    [['run', '--set', 'steps'], '--set takes <name>=<value>, not "steps"'],
    [['run', '--set', 'stepps=3'], 'Unknown setting "stepps". Did you mean "steps"?'],
    [['run', '--preset', 'fast'], '"preset" must be one of "studio", "paper", not "fast"'],
    [['run', 'missing.json'], 'missing.json: It cannot be read'],
    [['run', '--set', 'inductionVisible=60'], '"inductionVisible" must be less than'],
    [['exec', '--program', 'missing.py'], 'missing.py cannot be read'],
    [['eval'], 'The evaluation names nothing to ask'],
    [['eval', 'azr-nano', '--samples', 'many'], '--samples is "many"'],
    [['eval', 'azr-nano', '--temperature', '0'], '--temperature is "0"'],
  ])('azr %j', async (argumentList, message) => {
    const { code, stdout, stderr } = await azr(argumentList, { folder });
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a run file with several problems names them all', async () => {
    writeFileSync(path.join(folder, 'azr.json'), '{"steps": 0, "temperature": "high", "quux": 1}');
    const { code, stderr } = await azr(['run'], { folder });
    expect(code).toBe(2);
    expect(stderr).toContain('"steps" must be an integer from 1 to 1000000, not 0.');
    expect(stderr).toContain('"temperature" must be a number from 0.05 to 4, not "high".');
    expect(stderr).toContain('Unknown setting "quux".');
    expect(readdirSync(folder)).toEqual(['azr.json']);
  });

  test('with --json the failure is data', async () => {
    const { code, stdout, stderr } = await azr(['run', '--json', '--steps', '0'], { folder });
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(jsonLines(stdout)).toEqual([
      { error: expect.objectContaining({ code: 'invalid-settings' }) as object },
    ]);
  });

  test.each([
    [['run', '--model', './nothing'], 'There is no model'],
    [['resume'], 'There is no run in'],
    [['resume', '.'], 'holds no run'],
    [['eval', './nothing'], 'There is no model'],
    [['eval', 'nothing@3'], 'holds no run'],
    [['eval', 'azr-nano', '--suite', 'humanevil'], 'There is no suite "humanevil"'],
    [['eval', 'azr-nano', '--template', 'chat'], 'has no template "chat"'],
    [['eval', '--show', '.'], 'holds no run'],
  ])('azr %j', async (argumentList, message) => {
    const { code, stderr } = await azr(argumentList, { folder });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(readdirSync(folder)).toEqual([]);
  });
});

test('azr doctor tells what is in force, and exits 1 without an engine', async () => {
  const { code, stdout } = await azr(['doctor', '--json'], {
    environment: { AZR_PYTHON: path.join(folder, 'no-python') },
  });
  expect(code).toBe(1);
  const [report] = jsonLines(stdout) as { ok: boolean; checks: Record<string, unknown>[] }[];
  expect(report!.ok).toBe(false);
  const check = (name: string) => report!.checks.find((candidate) => candidate['name'] === name);
  expect(check('engine')).toMatchObject({
    status: 'failed',
    remedy: expect.stringContaining('AZR_PYTHON') as string,
  });
  expect(check('node')).toMatchObject({ status: 'ok', detail: process.versions.node });
  expect(check('sandbox')).toMatchObject({
    status: 'ok',
    sandbox: {
      engine: 'wasm',
      rings: expect.arrayContaining(['memory restored before every program']) as string[],
      notPromised: expect.arrayContaining([expect.stringContaining('WebAssembly')]) as string[],
    },
  });
});

test.skipIf(process.platform !== 'linux')(
  'azr doctor looks at the sandbox that is asked for',
  async () => {
    const { stdout } = await azr(['doctor', '--json', '--set', 'sandbox=native'], {
      environment: { AZR_PYTHON: path.join(folder, 'no-python') },
    });
    const [report] = jsonLines(stdout) as { checks: Record<string, unknown>[] }[];
    expect(report!.checks.find(({ name }) => name === 'sandbox')).toMatchObject({
      status: 'ok',
      sandbox: {
        engine: 'native',
        rings: expect.arrayContaining(['resource limits']) as string[],
      },
    });
    const refused = await azr(['doctor', '--set', 'sandbox=docker']);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('wasm');
  },
);

test('azr doctor plans the memory of the run that is asked for', async () => {
  const runFile = path.join(folder, 'planned.json');
  writeFileSync(runFile, JSON.stringify({ trainable: 'lora', loraRank: 4 }));
  const { code, stdout } = await azr(['doctor', '--json', '--run-file', runFile]);
  expect(code).toBe(0);
  const [report] = jsonLines(stdout) as { checks: Record<string, unknown>[] }[];
  expect(report!.checks.find(({ name }) => name === 'plan')).toMatchObject({
    status: 'ok',
    detail: expect.stringContaining('azr-nano, lora') as string,
  });
});

describe('azr models', () => {
  test('tells what each way of training needs of the device', async () => {
    const { code, stdout } = await azr(['models', '--json']);
    expect(code).toBe(0);
    expect(jsonLines(stdout)[0]).toMatchObject({
      ...{ model: 'azr-nano', parameters: 1_024_256 },
      lora: { wantedMb: expect.any(Number) as number, fits: true },
      full: { wantedMb: expect.any(Number) as number, fits: true },
    });
  });

  test('lists them all the same where Python is not set up', async () => {
    const environment = { AZR_PYTHON: path.join(folder, 'no-python') };
    const { code, stdout } = await azr(['models'], { environment });
    expect(code).toBe(0);
    expect(stdout).toContain(
      'azr-nano\n  1.0 M parameters; what it needs is not known until Python is set up\n',
    );
  });
});

describe('azr run refuses an address before anything starts, and exits', () => {
  test.each(['notaurl', 'ftp://x', 'http://name:word@127.0.0.1:1'])('%s', async (address) => {
    const { code, stderr } = await azr(['run', '--set', `engineUrl=${address}`], { folder });
    expect(stderr).toContain("The engine's address");
    expect(code).toBe(2);
  });

  test('one that a key must not go to', async () => {
    const { code, stderr } = await azr(['run', '--set', 'engineUrl=http://example.org'], {
      folder,
      environment: { TINKER_API_KEY: 'k', TINKER_BASE_URL: 'http://example.org' },
    });
    expect(stderr).toContain('unencrypted');
    expect(code).toBe(2);
  });
});

test('an engine on this machine is asked directly, whatever the proxy', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.statusCode = 401;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { code } = await azr(['run', '--set', `engineUrl=http://127.0.0.1:${port}`], {
    folder,
    // Nobody listens there.
    environment: { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: 'http://127.0.0.1:9' },
  });
  server.close();
  expect(code).toBe(1);
  expect(asked).toContain('/api/v1/get_server_capabilities');
});

describe('azr doctor is red for a model that no run could load', () => {
  const NANO = path.join(import.meta.dirname, '../../server/models/azr-nano');

  async function modelCheck(damage: (model: string) => void): Promise<Record<string, unknown>> {
    const model = path.join(folder, 'model');
    cpSync(NANO, model, { recursive: true });
    damage(model);
    const { code, stdout } = await azr(['doctor', '--json', '--set', `model=${model}`]);
    const [report] = jsonLines(stdout) as { checks: Record<string, unknown>[] }[];
    const check = report!.checks.find(({ name }) => name === 'model')!;
    expect(code).toBe(check['status'] === 'ok' ? 0 : 1);
    return check;
  }

  test('and green for a whole one', async () => {
    expect(await modelCheck(() => undefined)).toMatchObject({ status: 'ok' });
  });

  test.each([
    [
      'weights that were cut',
      (model: string) => {
        truncateSync(path.join(model, 'model.safetensors'), 5000);
      },
      'model.safetensors',
    ],
    [
      'a tokenizer that is none',
      (model: string) => {
        writeFileSync(path.join(model, 'tokenizer.json'), '{"model": ');
      },
      'tokenizer.json',
    ],
    [
      'layers that the weights lack',
      (model: string) => {
        const file = path.join(model, 'config.json');
        const config = JSON.parse(readFileSync(file, 'utf8')) as { num_hidden_layers: number };
        const num_hidden_layers = config.num_hidden_layers + 1;
        writeFileSync(file, JSON.stringify({ ...config, num_hidden_layers }));
      },
      'describes tensors that the weights lack',
    ],
  ])('%s', async (_, damage, named) => {
    const check = await modelCheck(damage);
    expect(check).toMatchObject({ status: 'failed' });
    expect(check['detail']).toContain(named);
    expect(check['remedy']).not.toContain('defect');
  });
});
