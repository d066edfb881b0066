/** The quick pick of *Start AZR Run*, as plain data: what fits first, what was chosen last on top. */
import type { StartChoice } from '../../../server/protocol/runs.ts';
import { foreignText, type IconName, type SafeText, t, withIcon } from '../shown/safeText.ts';

/** What is remembered of a choice. */
export interface ChosenStart {
  readonly kind: StartChoice['kind'];
  readonly value: string;
}

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
      readonly kind: 'model-folder' | 'with-settings';
      readonly label: SafeText;
      readonly detail: SafeText;
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
      description: isLast(choice) ? t('used last') : foreignText(''),
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
      kind: 'model-folder',
      label: withIcon('folder-opened', t('Choose a Model Folder…')),
      detail: t('A folder with a Hugging Face causal language model.'),
    },
  ];
}

function choiceIcon({ kind, fits }: StartChoice): IconName {
  if (!fits) return 'warning';
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
