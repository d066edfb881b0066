/** What stands in for the compiled packages of VS Code's server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createAsyncRotatingLogger } from '../../scripts/vscode/spdlog.mjs';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-stand-in-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a log of VS Code', () => {
  const file = () => path.join(folder, 'made', 'remote.log');
  const open = (maxBytes = 1000, maxFiles = 2) =>
    createAsyncRotatingLogger('remote', file(), maxBytes, maxFiles);
  const text = () => readFileSync(file(), 'utf8');

  test('has a line for every message of its level or above, as soon as it is logged', async () => {
    const logger = await open();
    logger.setPattern('%Y-%m-%d %H:%M:%S.%e [%l] %v');
    logger.debug('not heard');
    logger.info('über %v');
    logger.error('two\nlines');

    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}`;
    expect(text()).toMatch(
      new RegExp(String.raw`^${time} \[info\] über %v\n${time} \[error\] two\nlines\n$`),
    );
    const [written] = text().split(' [');
    expect(Math.abs(new Date(written!).getTime() - Date.now())).toBeLessThan(60_000);
    logger.drop();
  });

  test('of an output channel has what is appended and nothing else', async () => {
    const logger = await open();
    logger.clearFormatters();
    logger.info('half ');
    logger.critical('a line\n');

    expect(text()).toBe('half a line\n');
    logger.drop();
  });

  test('hears what its level lets through, and nothing when it is off', async () => {
    const logger = await open();
    logger.clearFormatters();
    const all = () => {
      for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const) {
        logger[level](`${level} `);
      }
    };
    logger.setLevel(0);
    all();
    logger.setLevel(4);
    all();
    logger.setLevel(6);
    all();

    expect(logger.getLevel()).toBe(6);
    expect(text()).toBe('trace debug info warn error critical error critical ');
    logger.drop();
  });

  test('goes on where it was, is turned over when it is full, and the oldest goes', async () => {
    const first = await open(10);
    first.clearFormatters();
    first.info('1234567');
    first.drop();
    const logger = await open(10);
    logger.clearFormatters();
    for (const message of ['890', 'abc', 'longer than a file', 'x']) logger.info(message);

    expect(readdirSync(path.dirname(file())).toSorted()).toEqual([
      'remote.1.log',
      'remote.2.log',
      'remote.log',
    ]);
    const numbered = (number: number) =>
      readFileSync(file().replace('.log', `.${String(number)}.log`), 'utf8');
    expect([numbered(2), numbered(1), text()]).toEqual(['abc', 'longer than a file', 'x']);
    logger.drop();
  });

  test('that is dropped hears nothing more', async () => {
    const logger = await open();
    logger.clearFormatters();
    logger.info('last');
    logger.drop();
    logger.drop();
    logger.info('later');

    expect(text()).toBe('last');
  });
});

test('an extension host ends with the process that it watches', async () => {
  const module = path.resolve(import.meta.dirname, '../../scripts/vscode/nativeWatchdog.mjs');
  const start = (program: string): ChildProcess =>
    spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const watched = start('setInterval(() => {}, 1000)');
  const host = start(
    `import(${JSON.stringify(module)}).then(({ start }) => { start(${String(watched.pid)}); console.log('started'); }); setInterval(() => {}, 1000);`,
  );
  await once(host.stdout!, 'data');
  expect(host.exitCode).toBeNull();

  watched.kill('SIGKILL');

  expect(await once(host, 'exit')).toEqual([87, null]);
});
