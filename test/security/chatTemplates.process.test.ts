/** A model folder from anybody has a chat template, which is a program: it exhausts nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Template } from '@huggingface/jinja';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { FolderTokenizer } from '../../server/src/engine/tokenizer/tokenizer.ts';

const NANO = path.join(import.meta.dirname, '../../server/models/azr-nano');
const MESSAGES = [{ role: 'user', content: 'Write a program.' }];
const HONEST = `{% for message in messages %}<{{ message['role'] }}>{{ message['content'] | trim }}{% endfor %}`;
/** The limit of a rendering is five seconds; on a machine that does other things as well it comes late. */
const ENDED_MS = 12_000;
const MOST_GROWTH_BYTES = 100 * 2 ** 20;

const DOUBLED = (times: number): string =>
  `{% set ns = namespace(s='0123456789abcdef') %}{% for i in range(${times}) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}`;

const HOSTILE: Readonly<Record<string, string>> = {
  'a range of a hundred million': '{% for i in range(100000000) %}{% endfor %}',
  'a power of ten': '{% for i in range(10**8) %}{% endfor %}',
  'loops in loops': `${'{% for a in range(100000) %}'.repeat(4)}{% endfor %}{% endfor %}{% endfor %}{% endfor %}`,
  'a doubled text': `${DOUBLED(40)}{{ ns.s }}`,
  'a doubled text that is as long as texts may be': `${DOUBLED(24)}{{ ns.s | upper }}`,
  'a text that replaces its own letters': `${DOUBLED(12)}{{ ns.s | replace('a', ns.s) | replace('b', ns.s) }}`,
  'an endless list':
    '{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}',
  'an indentation without end': `{{ [[1]] | tojson(indent=400000000) }}`,
  'nested brackets': `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`,
  'more text than a prompt may have': `${DOUBLED(17)}{{ ns.s }}`,
  'a template without end': '{# '.padEnd(300_000, 'a') + ' #}',
  'what is no template': '{% for %}',
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-template-'));
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(path.join(NANO, name), path.join(folder, name));
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function tokensOf(template: string): Promise<number[] | undefined> {
  writeFileSync(path.join(folder, 'chat_template.jinja'), template);
  const tokenizer = await FolderTokenizer.load(folder);
  try {
    return await tokenizer.encodeChat(MESSAGES);
  } finally {
    tokenizer.close();
  }
}

describe('a template that is', () => {
  test.each(Object.entries(HOSTILE))('%s is refused, with its folder', async (_name, template) => {
    const before = process.memoryUsage().rss;
    const started = performance.now();
    await expect(tokensOf(template)).rejects.toMatchObject({
      code: 'chat_template_refused',
      message: expect.stringContaining(folder) as string,
      remedy: expect.stringContaining('"dialect"') as string,
    });
    expect(performance.now() - started).toBeLessThan(ENDED_MS);
    expect(process.memoryUsage().rss - before).toBeLessThan(MOST_GROWTH_BYTES);
  });
});

const LINES = (times: number): string =>
  `{% set ns = namespace(s='\\n') %}{% for i in range(${times}) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}`;

test.runIf(process.platform === 'linux').each([
  ['a text of 268 million lines', `${LINES(28)}{{ ns.s.split('\\n') | length }}`],
  [
    'two lists of it',
    `${LINES(26)}{% set ns.a = ns.s.split('\\n') %}{% set ns.b = ns.s.split('\\n') %}`,
  ],
])(
  'one call of the runtime, which no limit of the heap stops, takes half a gigabyte at most: %s',
  async (_name, template) => {
    let mostKb = 0;
    const look = setInterval(() => {
      const renderer = rendererOf(process.pid);
      const status = Number.isNaN(renderer) ? '' : readStatus(renderer);
      mostKb = Math.max(mostKb, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0));
    }, 20);
    const started = performance.now();
    await expect(tokensOf(template)).rejects.toMatchObject({
      code: 'chat_template_refused',
      message: expect.stringMatching(/MB of memory|within 6 s|longer than 5 s/) as string,
    });
    clearInterval(look);
    expect(mostKb).toBeGreaterThan(50 * 2 ** 10);
    expect(mostKb).toBeLessThan(512 * 2 ** 10);
    expect(performance.now() - started).toBeLessThan(ENDED_MS);
  },
);

/** Empty when the process has just ended. */
function readStatus(processId: number): string {
  try {
    return readFileSync(`/proc/${processId}/status`, 'utf8');
  } catch {
    return '';
  }
}

test('an honest template gives what it gives without a process of its own, again and again', async () => {
  writeFileSync(path.join(folder, 'chat_template.jinja'), HONEST);
  const tokenizer = await FolderTokenizer.load(folder);
  const rendered = new Template(HONEST).render({ messages: MESSAGES });
  const expected = await tokenizer.encode(rendered);
  const all = await Promise.all(Array.from({ length: 200 }, () => tokenizer.encodeChat(MESSAGES)));
  for (const tokens of all) {
    expect(await tokenizer.decode(tokens!)).toBe(await tokenizer.decode(expected));
  }
  tokenizer.close();
  // After it was closed, another process is started.
  await expect(tokenizer.encodeChat(MESSAGES)).resolves.toEqual(all[0]);
  if (process.platform === 'linux') {
    process.kill(rendererOf(process.pid), 'SIGKILL');
    await expect.poll(() => rendererOf(process.pid)).toBeNaN();
    await expect(tokenizer.encodeChat(MESSAGES)).resolves.toEqual(all[0]);
  }
  tokenizer.close();
});

/** The id of the process that renders templates for `owner`; NaN when there is none. */
function rendererOf(owner: number): number {
  const children = readFileSync(`/proc/${owner}/task/${owner}/children`, 'utf8').trim().split(' ');
  const isRenderer = (id: string): boolean =>
    id !== '' && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('renderTemplate');
  return Number(children.find(isRenderer) ?? NaN);
}

test.runIf(process.platform === 'linux')(
  'a rendering ends although its owner was killed in the middle of it',
  async () => {
    writeFileSync(path.join(folder, 'chat_template.jinja'), HOSTILE['loops in loops']!);
    const module = path.join(import.meta.dirname, '../../server/src/engine/tokenizer/tokenizer.ts');
    const script = `
      const { FolderTokenizer } = await import(${JSON.stringify(module)});
      const tokenizer = await FolderTokenizer.load(${JSON.stringify(folder)});
      void tokenizer.encodeChat([]);
      setTimeout(() => { process.stdout.write('rendering'); }, 1000);
      setTimeout(() => {}, 60_000);
    `;
    const flags = ['--experimental-strip-types', '--input-type=module'];
    const owner = spawn(process.execPath, [...flags, '-e', script]);
    await once(owner.stdout, 'data');
    const renderer = rendererOf(owner.pid!);
    expect(renderer).toBeGreaterThan(0);
    owner.kill('SIGKILL');
    await expect.poll(() => existsSync(`/proc/${renderer}`), { timeout: ENDED_MS }).toBe(false);
  },
);
