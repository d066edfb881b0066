import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Ajv, type Options } from 'ajv';
import { expect, test, vi } from 'vitest';

import { PAGE_REQUESTS } from '../../server/protocol/webviewMessages.ts';

const SERVER = path.join(import.meta.dirname, '../../server/src');

/** Every module that checks something by a schema. */
function checkingModules(): string[] {
  return readdirSync(SERVER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('schemaCheck.ts'))
    .map((file) => path.join(SERVER, file))
    .filter((file) => /\b(?:schemaCheck|RequestReader)\(/.test(readFileSync(file, 'utf8')));
}

function compileStrictly(schema: object, options: Options = {}): void {
  new Ajv({ ...options, validateSchema: true }).compile(schema);
}

test('every schema is one, and says nothing that would be ignored', async () => {
  const given: { schema: object; options: Options }[] = [];
  vi.resetModules();
  vi.doMock('../../server/src/settings/schemaCheck.ts', () => ({
    schemaCheck: (schema: object, options: Options = {}) => {
      given.push({ schema, options });
    },
  }));
  for (const module of checkingModules()) await import(module);
  vi.doUnmock('../../server/src/settings/schemaCheck.ts');
  vi.resetModules();

  // Settings, held-out tasks, a runner's messages, three commands, and the requests of pages.
  expect(given.length).toBeGreaterThanOrEqual(6 + PAGE_REQUESTS.length);
  for (const { schema, options } of given) compileStrictly(schema, options);
});

test('a schema that is none, or has a word that would be ignored, is found', () => {
  expect(() => {
    compileStrictly({ type: 'texts' });
  }).toThrow('type');
  expect(() => {
    compileStrictly({ type: 'string', longest: 3 });
  }).toThrow('longest');
});
