/** The form of *Evaluate…*: what it says is what is asked. */
import { expect, test } from 'vitest';

import { HELD_OUT_SUITE, type SuiteOverview } from '../../server/protocol/evaluation.ts';
import {
  type EvaluationChoices,
  formRows,
  missingSuites,
  offeredTemplates,
  requestsOf,
  temperatureProblem,
  usualChoices,
} from '../../extension/src/commands/evaluationChoices.ts';

const templates = [
  { name: 'chat', title: 'A message' },
  { name: 'base', title: 'Text to go on with' },
];
const SUITES: readonly SuiteOverview[] = [
  { name: 'gsm8k', title: 'GSM8K', templates, data: { from: 'a place', isHere: true } },
  { name: 'codeio', title: 'CodeI/O', templates, data: { from: 'a wheel', isHere: false } },
  { name: 'file', title: 'Yours', templates },
];

const rowsOf = (choices: EvaluationChoices) =>
  formRows(choices, SUITES).map(({ asks, label, description, detail }) =>
    [asks, label, description ?? detail].join(' | '),
  );

test('Enter asks held-out tasks greedily and sixteen times', () => {
  const usual = usualChoices(HELD_OUT_SUITE);
  expect(rowsOf(usual)).toEqual([
    'start | $(play) Evaluate | held-out tasks: greedily, and 16 times at temperature 1.',
    'suites | Suites | held-out tasks',
    'items | Items | all',
    'answers | Answers | greedily, and 16 times at temperature 1',
    'tokens | Longest Answer | as the suite says',
  ]);
  expect(requestsOf(usual)).toEqual([{ suite: 'heldout', samples: 16, temperature: 1 }]);
});

test('everything that is chosen is shown, and becomes a request for each suite', () => {
  const choices: EvaluationChoices = {
    suites: [HELD_OUT_SUITE, 'gsm8k', 'file'],
    ...{ dataFile: 'C:\\mine\\items.jsonl', templates: ['chat', 'base'] },
    ...{ items: 40, samples: 0, temperature: 0.5, answerTokens: 1024 },
  };
  expect(rowsOf(choices)).toEqual([
    'start | $(play) Evaluate | held-out tasks, gsm8k, items.jsonl: greedily only.',
    'suites | Suites | held-out tasks, gsm8k, items.jsonl',
    'templates | Forms of Asking | chat, base',
    'items | Items | the first 40',
    'answers | Answers | greedily only',
    'tokens | Longest Answer | 1024 tokens',
  ]);
  const rest = { items: 40, samples: 0, temperature: 0.5, answerTokens: 1024 };
  expect(requestsOf(choices)).toEqual([
    { suite: 'heldout', ...rest },
    { suite: 'gsm8k', templates: ['chat', 'base'], ...rest },
    { suite: 'file', dataFile: 'C:\\mine\\items.jsonl', templates: ['chat', 'base'], ...rest },
  ]);
});

test('data that are missing are fetched first, and the form says so', () => {
  const choices = { ...usualChoices('codeio'), suites: ['gsm8k', 'codeio', 'file'] };
  expect(missingSuites(choices, SUITES).map(({ name }) => name)).toEqual(['codeio']);
  expect(rowsOf(choices)[0]).toBe(
    'start | $(cloud-download) Fetch and Evaluate | First fetches the data of codeio.',
  );
});

test('a form of asking that several suites have is offered once, and the model’s own always', () => {
  const choices = { ...usualChoices('gsm8k'), suites: ['gsm8k', 'codeio'] };
  expect(offeredTemplates(choices, SUITES).map(({ name }) => name)).toEqual([
    ...['chat', 'base', 'dialect'],
  ]);
});

test.each(['', ' ', '0', '-1', '5.01', 'NaN', 'Infinity', 'warm'])(
  'the temperature %j is refused',
  (text) => {
    expect(temperatureProblem(text)).toBe('A number above 0 and up to 5.');
  },
);
test.each(['1', '0.7', '5', '1e-3'])('the temperature %j is taken', (text) => {
  expect(temperatureProblem(text)).toBeUndefined();
});
