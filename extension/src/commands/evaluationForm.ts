/** The form of *Evaluate…*: Enter takes what it says, and each of its rows can be changed before. */
import { HELD_OUT_SUITE, type SuiteOverview } from '../../../server/protocol/evaluation.ts';
import { foreignText, type SafeText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import {
  answersText,
  type EvaluationChoices,
  FILE_SUITE,
  formRows,
  offeredTemplates,
  SAMPLES,
  temperatureProblem,
} from './evaluationChoices.ts';
import { integerProblem } from './startChoices.ts';

const MOST_ITEMS = 1_000_000;
const MOST_SAMPLES = 1_024;
const MOST_TOKENS = 131_072;

/** Asks until *Evaluate* is chosen; undefined when the user gives up. */
export async function evaluationForm(
  usual: EvaluationChoices,
  suites: readonly SuiteOverview[],
  title: SafeText,
): Promise<EvaluationChoices | undefined> {
  let choices = usual;
  for (;;) {
    const row = await window.showQuickPick(formRows(choices, suites), {
      title,
      placeHolder: t('Press Enter to begin, or change what is asked'),
    });
    if (row === undefined) return undefined;
    switch (row.asks) {
      case 'start':
        return choices;
      case 'suites':
        choices = await changedSuites(choices, suites);
        break;
      case 'templates':
        choices = await changedTemplates(choices, suites);
        break;
      case 'items':
        choices = await changedItems(choices);
        break;
      case 'answers':
        choices = await changedAnswers(choices);
        break;
      case 'tokens':
        choices = await changedTokens(choices);
    }
  }
}

async function changedSuites(
  choices: EvaluationChoices,
  suites: readonly SuiteOverview[],
): Promise<EvaluationChoices> {
  const isPicked = (name: string) => choices.suites.includes(name);
  const picks: (SafeQuickPickItem & { readonly name: string })[] = [
    {
      label: t('Held-out tasks'),
      detail: t('Of the run, or of the model that came with some.'),
      picked: isPicked(HELD_OUT_SUITE),
      name: HELD_OUT_SUITE,
    },
    ...suites.map(({ name, title, data }) => ({
      label: foreignText(title),
      description: foreignText(name),
      detail: dataText(name, data, choices),
      picked: isPicked(name),
      name,
    })),
  ];
  const chosen = await window.showQuickPick(picks, {
    canPickMany: true,
    placeHolder: t('Suites to ask, each as an evaluation of its own'),
    matchOnDescription: true,
  });
  if (chosen === undefined || chosen.length === 0) return choices;
  const names = chosen.map(({ name }) => name);
  if (!names.includes(FILE_SUITE)) return { ...choices, suites: names };
  const [file] =
    (await window.showOpenDialog({
      canSelectFolders: false,
      openLabel: t('Ask These Items'),
      filters: { 'JSON Lines': ['jsonl', 'json', 'gz'], '*': ['*'] },
    })) ?? [];
  if (file !== undefined) return { ...choices, suites: names, dataFile: file.fsPath };
  const others = names.filter((name) => name !== FILE_SUITE);
  return others.length === 0 ? choices : { ...choices, suites: others };
}

function dataText(
  name: string,
  data: SuiteOverview['data'],
  { dataFile }: EvaluationChoices,
): SafeText {
  if (data !== undefined) {
    return data.isHere
      ? t('Its data are on this machine.')
      : t('Its data are fetched first: {0}.', data.from);
  }
  return name === FILE_SUITE && dataFile !== undefined
    ? foreignText(dataFile)
    : t('One item per line. You are asked for the file next.');
}

async function changedTemplates(
  choices: EvaluationChoices,
  suites: readonly SuiteOverview[],
): Promise<EvaluationChoices> {
  const picks = offeredTemplates(choices, suites).map(({ name, title }) => ({
    label: foreignText(name),
    detail: title,
    picked: choices.templates.includes(name),
    name,
  }));
  const chosen = await window.showQuickPick(picks, {
    canPickMany: true,
    placeHolder: t('Of several, each model’s best counts. None: the one that fits each model.'),
  });
  return chosen === undefined ? choices : { ...choices, templates: chosen.map(({ name }) => name) };
}

async function changedItems(choices: EvaluationChoices): Promise<EvaluationChoices> {
  const { items, ...others } = choices;
  const prompt = t('How many items of each suite, from its first. Leave it empty for all.');
  const count = await askCount(prompt, items, MOST_ITEMS);
  if (count === undefined) return choices;
  return count === 'none' ? others : { ...others, items: count };
}

async function changedTokens(choices: EvaluationChoices): Promise<EvaluationChoices> {
  const { answerTokens, ...others } = choices;
  const prompt = t('Longest answer in tokens. Leave it empty for what each suite says.');
  const count = await askCount(prompt, answerTokens, MOST_TOKENS);
  if (count === undefined) return choices;
  return count === 'none' ? others : { ...others, answerTokens: count };
}

/** Undefined when the user gives up. */
async function askCount(
  prompt: SafeText,
  now: number | undefined,
  most: number,
): Promise<number | 'none' | undefined> {
  const text = await window.showInputBox({
    prompt,
    value: now === undefined ? '' : String(now),
    validateInput: (value) => (value.trim() === '' ? undefined : integerProblem(value, 1, most)),
  });
  if (text === undefined) return undefined;
  return text.trim() === '' ? 'none' : Number(text);
}

async function changedAnswers(choices: EvaluationChoices): Promise<EvaluationChoices> {
  const picks: (SafeQuickPickItem & { readonly samples?: number })[] = [
    {
      label: t('Greedily, and {0} times at temperature 1', SAMPLES),
      detail: t(
        'Shows both what the model answers and what it could answer: pass@k for k up to {0}.',
        SAMPLES,
      ),
      samples: SAMPLES,
    },
    {
      label: t('Greedily only'),
      detail: t('Much quicker: one answer to each task.'),
      samples: 0,
    },
    {
      label: t('Otherwise…'),
      detail: t('Asks for the number of samples and their temperature.'),
    },
  ];
  const picked = await window.showQuickPick(picks, {
    placeHolder: t('How each task is asked; now: {0}', answersText(choices)),
  });
  if (picked === undefined) return choices;
  if (picked.samples !== undefined) {
    return { ...choices, samples: picked.samples, temperature: 1 };
  }
  const samples = await window.showInputBox({
    prompt: t('Answers to each task beside the greedy one'),
    value: String(choices.samples),
    validateInput: (value) => integerProblem(value, 0, MOST_SAMPLES),
  });
  if (samples === undefined) return choices;
  const temperature = await window.showInputBox({
    prompt: t('Temperature of these answers'),
    value: String(choices.temperature),
    validateInput: temperatureProblem,
  });
  if (temperature === undefined) return choices;
  return { ...choices, samples: Number(samples), temperature: Number(temperature) };
}
