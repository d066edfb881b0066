/**
 * An attacker whose text a command shows (a model's name, a program, a message, a failure) cannot have the
 * terminal act on it: clear the screen, set its title, write the clipboard, or hide what is there.
 */
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { visibleJson } from '../../server/protocol/visibleText.ts';
import { failureText } from '../../server/src/cli/failure.ts';
import { problemOf } from '../../server/src/runFolder/runOutcome.ts';
import { jsonView } from '../../server/src/cli/views/jsonView.ts';
import { liveView } from '../../server/src/cli/views/liveView.ts';
import { logView } from '../../server/src/cli/views/logView.ts';
import { plainView } from '../../server/src/cli/views/plainView.ts';
import { RunProgress } from '../../server/src/cli/views/runProgress.ts';
import { Terminal } from '../../server/src/cli/terminal/terminal.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';
import { HOSTILE_STRINGS, randomHostileTexts, UNSEEN } from './hostileStrings.ts';

/** What we send a terminal ourselves: colours, and the sequences of the live view. */
const OURS =
  // eslint-disable-next-line no-control-regex -- the sequences begin with a control character
  /\u001b\[(?:[1-9]|2[0-9]|3[0-9])m|\u001b\[\?(?:1049|25|7|2026)[hl]|\u001b\[[HJK]|\r\n/g;

class FakeScreen extends Writable {
  readonly isTTY = true;
  readonly columns = 300;
  readonly rows = 60;
  text = '';
  hasColors(): boolean {
    return true;
  }
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

function expectNothingForTheTerminal(text: string): void {
  expect(text).not.toBe('');
  expect(text.replaceAll(OURS, '')).not.toMatch(UNSEEN);
}

function hostileEvents(text: string): RunEvent[] {
  const metrics = [{ step: 1, name: text, value: 1 }];
  const cost = { durationMs: 2000, generatedTokens: 5, trainedTokens: 5 };
  return [
    { kind: 'phase', phase: 'seed', step: 0, done: 0, total: 1 },
    { kind: 'step', step: 1, ...cost, metrics },
    {
      ...{ kind: 'task', step: 2, mode: 'deduction', solveRate: 0.5 },
      ...{ program: text, input: text, output: text },
    },
    { kind: 'notice', message: text },
    { kind: 'finished', message: text },
  ] as RunEvent[];
}

function progressOf(text: string): RunProgress {
  const settings = { ...completeSettings([{ steps: 10 }], 'test'), model: text };
  return new RunProgress(settings, text, []);
}

const SUMMARY = {
  ...{ steps: 1, durationMs: 1, generatedTokens: 1, complete: false },
  ...{ heldOutBefore: undefined, heldOutAfter: undefined, valid: undefined, unique: undefined },
};

test.each(HOSTILE_STRINGS.map((text) => [text.slice(0, 60), text]))(
  '%j in every view',
  (_, text) => {
    for (const make of [liveView, plainView] as const) {
      const screen = new FakeScreen();
      const view = make(new Terminal(screen), progressOf(text), () => text);
      for (const event of hostileEvents(text)) view.show(event);
      view.end(SUMMARY as never);
      expectNothingForTheTerminal(screen.text);
    }
    for (const make of [jsonView, logView]) {
      const screen = new FakeScreen();
      const view = make(new Terminal(screen), text);
      for (const event of hostileEvents(text)) view.show(event);
      view.end(SUMMARY as never);
      expectNothingForTheTerminal(screen.text);
      const [first = ''] = screen.text.split('\n');
      expect(JSON.parse(first)).toMatchObject({ folder: text });
    }
  },
);

test('a failure and a defect are shown as they are, and no more', () => {
  for (const text of HOSTILE_STRINGS) {
    const screen = new FakeScreen();
    const terminal = new Terminal(screen);
    const explained = Object.assign(new Error(text), { code: text, remedy: text });
    for (const error of [explained, new Error(text), text]) {
      terminal.line(failureText(error));
      terminal.json({ error: problemOf(error) });
    }
    expectNothingForTheTerminal(screen.text);
  }
});

test('JSON is escaped further than JSON asks for, and reads as the same value', () => {
  for (const text of [...HOSTILE_STRINGS, ...randomHostileTexts(5000)]) {
    const line = visibleJson({ [text]: [text] });
    expect(line).not.toMatch(UNSEEN);
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({ [text]: [text] });
  }
});

test('a text cannot forge a colour of ours', () => {
  const screen = new FakeScreen();
  const terminal = new Terminal(screen);
  terminal.line(terminal.paint('red', 'a\u001b[32mb'));
  expect(screen.text).toBe('\u001b[31ma␛[32mb\u001b[39m\n');
});
