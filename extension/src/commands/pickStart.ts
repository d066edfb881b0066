/** Asks what to train and, when wanted, with which settings. */
import { QuickPickItemKind } from 'vscode';

import { isHubId } from '../../../server/protocol/modelNames.ts';
import type { MachineOverview } from '../../../server/protocol/runs.ts';
import { SETTINGS } from '../../../server/protocol/settings.ts';
import { type SafeText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPick, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import {
  EXAMPLE_ID,
  integerProblem,
  startPicks,
  typedPick,
  type ChosenStart,
  type StartPick,
} from './startChoices.ts';

export interface PickedStart {
  readonly chosen: ChosenStart;
  readonly settings: Readonly<Record<string, number>>;
  /** The model has to be fetched first. */
  readonly mustFetch: boolean;
}

type StartItem = SafeQuickPickItem & { readonly pick: StartPick };

/**
 * Undefined when the user gives up. The pick is on screen before `machine` is known; what that fails
 * with is thrown.
 */
export async function pickStart(
  machine: Promise<MachineOverview>,
  last: ChosenStart | undefined,
): Promise<PickedStart | undefined> {
  const picked = await pick(machine, last, t('Start AZR Run'));
  if (picked?.kind !== 'with-settings') return resolved(picked, {});
  const again = await pick(machine, last, t('Start AZR Run with Settings'), true);
  if (again === undefined) return undefined;
  const steps = await askInteger(t('Number of steps'), 'steps');
  if (steps === undefined) return undefined;
  const seed = await askInteger(t('Seed of all random choices'), 'seed');
  return seed === undefined ? undefined : resolved(again, { steps, seed });
}

async function resolved(
  picked: StartPick | undefined,
  settings: PickedStart['settings'],
): Promise<PickedStart | undefined> {
  if (picked?.kind === 'choice') {
    const { kind, value, mustFetch = false } = picked.choice;
    return { chosen: { kind, value }, settings, mustFetch };
  }
  if (picked?.kind === 'typed-id' || picked?.kind === 'model-id') {
    const value = picked.kind === 'typed-id' ? picked.model : await askId();
    return value === undefined
      ? undefined
      : { chosen: { kind: 'model', value }, settings, mustFetch: true };
  }
  if (picked?.kind !== 'model-folder') return undefined;
  const [folder] =
    (await window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: t('Train This Model'),
    })) ?? [];
  return folder && { chosen: { kind: 'model', value: folder.fsPath }, settings, mustFetch: false };
}

async function pick(
  machine: Promise<MachineOverview>,
  last: ChosenStart | undefined,
  title: SafeText,
  isDetailed = false,
): Promise<StartPick | undefined> {
  const quickPick = window.createQuickPick<StartItem>();
  quickPick.title = title;
  quickPick.placeholder = t('Choose what to train, or type the id of a Hugging Face model');
  quickPick.matchOnDetail = true;
  quickPick.busy = true;
  try {
    return await new Promise((resolve, reject) => {
      quickPick.onDidAccept(() => {
        const [chosen] = quickPick.selectedItems;
        if (chosen !== undefined) resolve(chosen.pick);
      });
      quickPick.onDidHide(() => {
        resolve(undefined);
      });
      quickPick.show();
      machine.then(({ device, choices }) => {
        const picks = startPicks(device, choices, last);
        fill(quickPick, picks, isDetailed);
        quickPick.onDidChangeValue((text) => {
          const typed = typedPick(text, picks);
          fill(quickPick, typed === undefined ? picks : [typed, ...picks], isDetailed);
        });
      }, reject);
    });
  } finally {
    quickPick.dispose();
  }
}

function fill(
  quickPick: SafeQuickPick<StartItem>,
  picks: readonly StartPick[],
  isDetailed: boolean,
) {
  quickPick.items = picks
    .filter(({ kind }) => !isDetailed || kind !== 'with-settings')
    .map((one): StartItem =>
      one.kind === 'separator'
        ? { label: one.label, kind: QuickPickItemKind.Separator, pick: one }
        : {
            ...one,
            kind: QuickPickItemKind.Default,
            pick: one,
            alwaysShow: one.kind === 'typed-id',
          },
    );
  quickPick.busy = false;
}

async function askId(): Promise<string | undefined> {
  const text = await window.showInputBox({
    title: t('Fetch a Model'),
    prompt: t('Id of a causal language model on the Hugging Face Hub'),
    placeHolder: t('{0}', EXAMPLE_ID),
    ignoreFocusOut: true,
    validateInput: (value) =>
      isHubId(value.trim()) ? undefined : t('Enter an id like {0}.', EXAMPLE_ID),
  });
  return text?.trim();
}

async function askInteger(prompt: SafeText, name: 'steps' | 'seed'): Promise<number | undefined> {
  const { type, studio } = SETTINGS[name];
  // Both are integers in the table of settings.
  const { minimum, maximum } = 'minimum' in type ? type : { minimum: 0, maximum: 0 };
  const text = await window.showInputBox({
    title: t('Start AZR Run with Settings'),
    prompt,
    value: String(studio),
    validateInput: (value) => integerProblem(value, minimum, maximum),
  });
  return text === undefined ? undefined : Number(text);
}
