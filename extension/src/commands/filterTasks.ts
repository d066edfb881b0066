/** The filter of the tree: tick what to see, or search for a text. */
import { QuickPickItemKind, ThemeIcon } from 'vscode';

import type { ItemFilter } from '../../../server/protocol/queries.ts';
import { type SafeText, t } from '../shown/safeText.ts';
import { window, type SafeQuickPickItem } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';
import {
  FILTER_PARTS,
  filterChoices,
  filterOf,
  isChosen,
  readable,
  type FilterChoice,
} from '../tree/itemFilter.ts';

interface FilterPick extends SafeQuickPickItem {
  readonly choice?: FilterChoice;
}

export async function filterTasks(studio: Studio): Promise<void> {
  const { filter } = studio.treeModel;
  const picks = filterPicks(filter);
  const quickPick = window.createQuickPick<FilterPick>();
  quickPick.title = t('Filter Tasks');
  quickPick.placeholder = t('Tick what to show. A group with nothing ticked shows everything.');
  quickPick.canSelectMany = true;
  quickPick.items = picks;
  quickPick.selectedItems = picks.filter(({ picked }) => picked === true);
  const search = { iconPath: new ThemeIcon('search'), tooltip: t('Search Tasks…') };
  quickPick.buttons = [search];
  const outcome = await new Promise<ItemFilter | 'search' | undefined>((resolve) => {
    quickPick.onDidAccept(() => {
      const choices = quickPick.selectedItems.flatMap(({ choice }) => choice ?? []);
      resolve(filterOf(choices, filter.text));
    });
    quickPick.onDidTriggerButton(() => {
      resolve('search');
    });
    quickPick.onDidHide(() => {
      resolve(undefined);
    });
    quickPick.show();
  });
  quickPick.dispose();
  if (outcome === 'search') await searchTasks(studio);
  else if (outcome !== undefined) studio.setFilter(outcome);
}

/** Program, message, input and answer are searched by the server; an empty text ends the search. */
export async function searchTasks(studio: Studio): Promise<void> {
  const { filter } = studio.treeModel;
  const text = await window.showInputBox({
    title: t('Search Tasks'),
    prompt: t('Text of a program, message, input or answer; case is ignored'),
    value: filter.text ?? '',
  });
  if (text === undefined) return;
  const choices = FILTER_PARTS.flatMap((part) =>
    filterChoices(part).filter((choice) => isChosen(filter, choice)),
  );
  studio.setFilter(filterOf(choices, text));
}

export function clearFilter(studio: Studio): void {
  studio.setFilter({});
}

function filterPicks(filter: ItemFilter): FilterPick[] {
  const titles: Readonly<Record<FilterChoice['part'], SafeText>> = {
    roles: t('Role'),
    modes: t('Mode'),
    verdicts: t('Verdict'),
    reasons: t('Reason'),
  };
  return FILTER_PARTS.flatMap((part): FilterPick[] => [
    { label: titles[part], kind: QuickPickItemKind.Separator },
    ...filterChoices(part).map((choice) => ({
      label: readable(choice.value),
      picked: isChosen(filter, choice),
      choice,
    })),
  ]);
}
