/** What *Evaluate…* asks for beside the subjects, as plain data: the rows of its form, and the requests. */
import {
  DIALECT_TEMPLATE,
  type EvaluateRequest,
  HELD_OUT_SUITE,
  type SuiteOverview,
} from '../../../server/protocol/evaluation.ts';
import { foreignText, joined, type SafeText, t, withIcon } from '../shown/safeText.ts';

/** The suite that asks items of a file of the user's. */
export const FILE_SUITE = 'file';
/** Answers to each task beside the greedy one: as many as pass@k is customarily drawn up to. */
export const SAMPLES = 16;

export interface EvaluationChoices {
  /** Names of suites, in the order in which they are asked. */
  readonly suites: readonly string[];
  /** Of the suite `file`. */
  readonly dataFile?: string;
  /** None for the one that fits each model. */
  readonly templates: readonly string[];
  /** Of each suite, from its first; absent for all. */
  readonly items?: number;
  readonly samples: number;
  readonly temperature: number;
  /** In tokens; absent for what each suite says. */
  readonly answerTokens?: number;
}

/** What the form begins with. */
export function usualChoices(suite: string): EvaluationChoices {
  return { suites: [suite], templates: [], samples: SAMPLES, temperature: 1 };
}

export interface FormRow {
  readonly asks: 'start' | 'suites' | 'templates' | 'items' | 'answers' | 'tokens';
  readonly label: SafeText;
  readonly description?: SafeText;
  readonly detail?: SafeText;
}

/** The form: what starts the evaluation on top, so that Enter takes what is chosen. */
export function formRows(
  choices: EvaluationChoices,
  suites: readonly SuiteOverview[],
): readonly FormRow[] {
  const missing = missingSuites(choices, suites);
  const chosen = joined(
    choices.suites.map((name) => suiteText(name, choices)),
    ', ',
  );
  const start: FormRow = {
    asks: 'start',
    label:
      missing.length > 0
        ? withIcon('cloud-download', t('Fetch and Evaluate'))
        : withIcon('play', t('Evaluate')),
    detail:
      missing.length > 0
        ? t('First fetches the data of {0}.', missing.map(({ name }) => name).join(', '))
        : t('{0}: {1}.', chosen, answersText(choices)),
  };
  const isBenchmark = choices.suites.some((name) => name !== HELD_OUT_SUITE);
  const templates: FormRow = {
    asks: 'templates',
    label: t('Forms of Asking'),
    description:
      choices.templates.length === 0
        ? t('the one that fits each model')
        : foreignText(choices.templates.join(', ')),
  };
  return [
    start,
    { asks: 'suites', label: t('Suites'), description: chosen },
    ...(isBenchmark ? [templates] : []),
    {
      asks: 'items',
      label: t('Items'),
      description: choices.items === undefined ? t('all') : t('the first {0}', choices.items),
    },
    { asks: 'answers', label: t('Answers'), description: answersText(choices) },
    {
      asks: 'tokens',
      label: t('Longest Answer'),
      description:
        choices.answerTokens === undefined
          ? t('as the suite says')
          : t('{0} tokens', choices.answerTokens),
    },
  ];
}

/** The chosen suites whose data have to be fetched first. */
export function missingSuites(
  { suites: chosen }: EvaluationChoices,
  suites: readonly SuiteOverview[],
): readonly SuiteOverview[] {
  return suites.filter(({ name, data }) => chosen.includes(name) && data?.isHere === false);
}

/** The forms that the chosen suites can be asked in; a form of several suites has one name. */
export function offeredTemplates(
  { suites: chosen }: EvaluationChoices,
  suites: readonly SuiteOverview[],
): readonly { readonly name: string; readonly title: SafeText }[] {
  const asked = suites.filter(({ name }) => chosen.includes(name));
  const byName = new Map(
    asked.flatMap(({ templates }) =>
      templates.map(({ name, title }) => [name, foreignText(title)] as const),
    ),
  );
  const own = t('As tasks of a run are put to the model');
  return [...byName, [DIALECT_TEMPLATE, own] as const].map(([name, title]) => ({ name, title }));
}

/** One evaluation for each suite. Held-out tasks are always asked as their run asks. */
export function requestsOf(
  choices: EvaluationChoices,
): readonly Omit<EvaluateRequest, 'parentFolder' | 'subjects'>[] {
  const { suites, dataFile, templates, items, samples, temperature, answerTokens } = choices;
  return suites.map((suite) => ({
    ...{ suite, samples, temperature },
    ...(suite === FILE_SUITE && dataFile !== undefined && { dataFile }),
    ...(suite !== HELD_OUT_SUITE && { templates }),
    ...(items !== undefined && { items }),
    ...(answerTokens !== undefined && { answerTokens }),
  }));
}

/** How often each task is asked. */
export function answersText({
  samples,
  temperature,
}: Pick<EvaluationChoices, 'samples' | 'temperature'>): SafeText {
  if (samples === 0) return t('greedily only');
  return t('greedily, and {0} times at temperature {1}', samples, temperature);
}

/** Undefined where `text` is a number above 0 and up to 5; else what is wrong with it. */
export function temperatureProblem(text: string): SafeText | undefined {
  const temperature = text.trim() === '' ? NaN : Number(text);
  return temperature > 0 && temperature <= 5 ? undefined : t('A number above 0 and up to 5.');
}

function suiteText(name: string, { dataFile }: EvaluationChoices): SafeText {
  if (name === HELD_OUT_SUITE) return t('held-out tasks');
  if (name !== FILE_SUITE || dataFile === undefined) return foreignText(name);
  return foreignText(dataFile.split(/[/\\]/).at(-1) ?? dataFile);
}
