/** What `npm start` hands on to the program it starts. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Clone, finished } from './clone.ts';

let clone: Clone;

beforeEach(async () => {
  clone = new Clone();
  await clone.start();
});

afterEach(() => {
  clone.remove();
});

/** Starts the clone with this text as its CLI, and waits until that says "ready". */
async function startWith(cli: string) {
  clone.write('dist/cli.mjs', cli);
  const child = clone.spawnStart();
  const end = finished(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return { child, end };
}

test('the exit code', async () => {
  clone.write('dist/cli.mjs', 'process.exitCode = 7;');
  expect((await clone.start()).exitCode).toBe(7);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s, once', async (signal) => {
  const { child, end } = await startWith(`
    let count = 0;
    process.on('${signal}', () => { count += 1; setTimeout(() => { console.log(count); process.exit(); }, 200); });
    setInterval(() => {}, 1000);
    console.log('ready');
  `);

  // As when npm's whole process group is told to stop: directly, and by npm once more.
  child.kill(signal);
  await delay(20);
  child.kill(signal);

  expect((await end).stdout).toBe('ready\n1\n');
});

test('its own death, even by kill -9', async () => {
  const { child, end } = await startWith(`
    import { writeFileSync } from 'node:fs';
    process.on('SIGHUP', () => { writeFileSync('ended', ''); process.exit(); });
    setInterval(() => {}, 1000);
    console.log('ready');
  `);

  child.kill('SIGKILL');

  await end;
  await expect.poll(() => clone.has('ended'), { timeout: 5000 }).toBe(true);
});

test('nothing to the processes that the program forks', async () => {
  clone.write(
    'dist/cli.mjs',
    `
    import { fork } from 'node:child_process';
    if (process.argv[2] === 'forked') {
      process.on('message', (text) => { process.send(text + ' back'); process.disconnect(); });
    } else {
      const child = fork(process.argv[1], ['forked']);
      child.on('message', (text) => console.log(text));
      child.send('there and');
    }
  `,
  );
  const run = await Promise.race([clone.start(), delay(10_000)]);
  expect(run).toMatchObject({ exitCode: 0, stdout: 'there and back\n' });
});
