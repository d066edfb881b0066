/** The quick pick of *Start AZR Run*, as plain data: what fits first, what was chosen last on top. */
import { isHubId } from '../../../server/protocol/modelNames.ts';
import type { StartChoice } from '../../../server/protocol/runs.ts';
import { foreignText, type IconName, type SafeText, t, withIcon } from '../shown/safeText.ts';

/** What is remembered of a choice. */
export interface ChosenStart {
  readonly kind: StartChoice['kind'];
  readonly value: string;
}

/** Shown where the user is asked for an id of the Hugging Face Hub. */
export const EXAMPLE_ID = 'Qwen/Qwen2.5-Coder-0.5B-Instruct';

export type StartPick =
  | {
      readonly kind: 'choice';
      readonly label: SafeText;
      readonly description: SafeText;
      readonly detail: SafeText;
      readonly choice: StartChoice;
    }
  | { readonly kind: 'separator'; readonly label: SafeText }
  | {
      readonly kind: 'model-folder' | 'model-id' | 'with-settings';
      readonly label: SafeText;
      readonly detail: SafeText;
    }
  | {
      /** An id that was typed into the pick. */
      readonly kind: 'typed-id';
      readonly label: SafeText;
      readonly detail: SafeText;
      readonly model: string;
    };

/** `device` stands above the choices; a choice that does not fit can still be tried. */
export function startPicks(
  device: string,
  choices: readonly StartChoice[],
  last: ChosenStart | undefined,
): StartPick[] {
  const isLast = ({ kind, value }: StartChoice) => kind === last?.kind && value === last.value;
  const sorted = choices.toSorted(
    (left, right) =>
      Number(isLast(right)) - Number(isLast(left)) || Number(right.fits) - Number(left.fits),
  );
  return [
    { kind: 'separator', label: foreignText(device) },
    ...sorted.map((choice): StartPick => ({
      kind: 'choice',
      label: withIcon(choiceIcon(choice), foreignText(choice.label)),
      description: isLast(choice) ? t('last used') : foreignText(''),
      detail: foreignText(choice.detail),
      choice,
    })),
    { kind: 'separator', label: t('more') },
    {
      kind: 'with-settings',
      label: withIcon('settings-gear', t('With Settings…')),
      detail: t('Asks for the number of steps and the seed as well.'),
    },
    {
      kind: 'model-id',
      label: withIcon('cloud-download', t('Fetch a Model…')),
      detail: t('From the Hugging Face Hub, by its id, such as {0}.', EXAMPLE_ID),
    },
    {
      kind: 'model-folder',
      label: withIcon('folder-opened', t('Choose a Model Folder…')),
      detail: t('A folder with a Hugging Face causal language model.'),
    },
  ];
}

/** What is typed into the pick and is an id is offered beside what the pick has anyway. */
export function typedPick(text: string, picks: readonly StartPick[]): StartPick | undefined {
  const model = text.trim();
  const isOffered = picks.some((pick) => pick.kind === 'choice' && pick.choice.value === model);
  if (!isHubId(model) || isOffered) return undefined;
  return {
    kind: 'typed-id',
    label: withIcon('cloud-download', foreignText(model)),
    detail: t('Fetches this model from the Hugging Face Hub, then starts.'),
    model,
  };
}

function choiceIcon({ kind, fits, mustFetch }: StartChoice): IconName {
  if (!fits) return 'warning';
  if (mustFetch === true) return 'cloud-download';
  return kind === 'run-file' ? 'json' : 'chip';
}

/** Undefined when `text` is a whole number within the bounds; else what is wrong with it. */
export function integerProblem(
  text: string,
  minimum: number,
  maximum: number,
): SafeText | undefined {
  const value = Number(text);
  const isGood = /^\d+$/.test(text.trim()) && value >= minimum && value <= maximum;
  return isGood ? undefined : t('A whole number from {0} to {1}.', minimum, maximum);
}
