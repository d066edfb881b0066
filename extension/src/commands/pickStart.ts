/** Asks what to train and, when wanted, with which settings. */
import { QuickPickItemKind } from 'vscode';

import type { MachineOverview } from '../../../server/protocol/runs.ts';
import { SETTINGS } from '../../../server/protocol/settings.ts';
import { type SafeText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPick, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import { integerProblem, startPicks, type ChosenStart, type StartPick } from './startChoices.ts';

export interface PickedStart {
  readonly chosen: ChosenStart;
  readonly settings: Readonly<Record<string, number>>;
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
    const { kind, value } = picked.choice;
    return { chosen: { kind, value }, settings };
  }
  if (picked?.kind !== 'model-folder') return undefined;
  const [folder] =
    (await window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: t('Train This Model'),
    })) ?? [];
  return folder && { chosen: { kind: 'model', value: folder.fsPath }, settings };
}

async function pick(
  machine: Promise<MachineOverview>,
  last: ChosenStart | undefined,
  title: SafeText,
  isDetailed = false,
): Promise<StartPick | undefined> {
  const quickPick = window.createQuickPick<StartItem>();
  quickPick.title = title;
  quickPick.placeholder = t('What to train. One language model proposes tasks and solves them.');
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
        fill(quickPick, startPicks(device, choices, last), isDetailed);
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
        : { ...one, kind: QuickPickItemKind.Default, pick: one },
    );
  quickPick.busy = false;
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
