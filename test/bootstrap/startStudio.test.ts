/** What `npm start` makes of its arguments, and of what is there already. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { makeDemoFolder } from '../../scripts/studio/demoFolder.mjs';
import { readStartArguments } from '../../scripts/studio/startArguments.mjs';
import { writeUserSettings } from '../../scripts/studio/userSettings.mjs';
import { Clone, finished } from './clone.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-start-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the arguments', () => {
  const studio = { kind: 'studio', place: 'ask', open: true, folder: undefined };

  test.each([
    [[], studio],
    [['--desktop'], { ...studio, place: 'desktop' }],
    [['--browser', '--no-open', 'a'], { ...studio, place: 'browser', open: false, folder: 'a' }],
    [['--headless'], { kind: 'headless', arguments: [] }],
    [
      ['--headless', 'azr.json', '--steps', '5', '--desktop'],
      { kind: 'headless', arguments: ['azr.json', '--steps', '5', '--desktop'] },
    ],
    [['--help'], { kind: 'help' }],
  ])('%j', (words, request) => {
    expect(readStartArguments(words)).toEqual(request);
  });

  test('options of a run without --headless are told where they go', () => {
    expect(readStartArguments(['--steps', '5'])).toMatchObject({
      kind: 'mistake',
      message: expect.stringContaining('npm start -- --headless --steps 5') as string,
    });
  });

  test('a folder that does not exist is named, and nothing is set up', async () => {
    const clone = new Clone();
    try {
      const run = await finished(clone.spawnStart({}, 'start.mjs', ['no such folder']));
      expect(run.exitCode).toBe(2);
      expect(run.stderr).toContain('no such folder is not a folder');
      expect(clone.calls()).toEqual([]);
    } finally {
      clone.remove();
    }
  });
});

describe('what is there already', () => {
  test('a setting that a person changed stays, the Python of this clone goes over it', () => {
    const file = path.join(folder, 'settings.json');
    writeFileSync(file, '{ "workbench.startupEditor": "readme", "azr.pythonPath": "/old" }');

    writeUserSettings(file, { 'azr.pythonPath': '/new' });

    const settings = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    expect(settings).toMatchObject({
      'workbench.startupEditor': 'readme',
      'azr.pythonPath': '/new',
      'telemetry.telemetryLevel': 'off',
    });
  });

  test('settings with comments are left alone', () => {
    const file = path.join(folder, 'settings.json');
    const text = '// mine\n{ "editor.fontSize": 20 }';
    writeFileSync(file, text);
    writeUserSettings(file, {});
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('the demo folder is made once', () => {
    makeDemoFolder(folder, { python: '/python' });
    const runFile = path.join(folder, 'azr.json');
    expect(JSON.parse(readFileSync(runFile, 'utf8'))).toMatchObject({ model: 'azr-nano' });
    writeFileSync(runFile, '{}');

    makeDemoFolder(folder, { python: '/python' });

    expect(readFileSync(runFile, 'utf8')).toBe('{}');
  });
});
