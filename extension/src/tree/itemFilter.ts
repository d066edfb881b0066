/** The filter of the tree: its parts as choices, and in words for the view's message. */
import type { ItemFilter } from '../../../server/protocol/queries.ts';
import {
  MODES,
  REJECTION_REASONS,
  ROLES,
  VERDICTS,
  VERDICT_REASONS,
} from '../../../server/protocol/vocabulary.ts';
import { foreignText, joined, type SafeText, t } from '../shown/safeText.ts';

/** One thing that can be ticked. `part` names the list of the filter that it belongs to. */
export interface FilterChoice {
  readonly part: 'roles' | 'modes' | 'verdicts' | 'reasons';
  readonly value: string;
}

const CHOICES: Readonly<Record<FilterChoice['part'], readonly string[]>> = {
  roles: ROLES,
  modes: MODES,
  verdicts: ['accepted', 'rejected', ...VERDICTS],
  // Many reasons are both a rejection's and a verdict's.
  reasons: [...new Set<string>([...REJECTION_REASONS, ...VERDICT_REASONS])].toSorted(),
};

export function filterChoices(part: FilterChoice['part']): FilterChoice[] {
  return CHOICES[part].map((value) => ({ part, value }));
}

export const FILTER_PARTS = ['roles', 'modes', 'verdicts', 'reasons'] as const;

export function isChosen(filter: ItemFilter, { part, value }: FilterChoice): boolean {
  const chosen: readonly string[] = filter[part] ?? [];
  return chosen.includes(value);
}

/** The filter that ticks exactly `choices`, with `text` beside them. Parts without a tick do not count. */
export function filterOf(choices: readonly FilterChoice[], text?: string): ItemFilter {
  const filter: Record<string, unknown> = {};
  for (const part of FILTER_PARTS) {
    const values = choices.filter((choice) => choice.part === part).map(({ value }) => value);
    if (values.length > 0) filter[part] = values;
  }
  const trimmed = text?.trim();
  if (trimmed !== undefined && trimmed !== '') filter['text'] = trimmed;
  return filter;
}

export function isEmptyFilter(filter: ItemFilter): boolean {
  return FILTER_PARTS.every((part) => (filter[part] ?? []).length === 0) && !filter.text;
}

/** For example `Filter: solver · wrong, malformed · "sort"`; undefined without a filter. */
export function filterMessage(filter: ItemFilter): SafeText | undefined {
  if (isEmptyFilter(filter)) return undefined;
  const parts = FILTER_PARTS.map((part) => joined((filter[part] ?? []).map(readable), ', '));
  if (filter.text !== undefined) parts.push(t('"{0}"', filter.text));
  return t(
    'Filter: {0}',
    joined(
      parts.filter((part) => part !== ''),
      ' · ',
    ),
  );
}

/** A stored filter, from a window that may have been another version; what is unknown is left out. */
export function storedFilter(value: unknown): ItemFilter {
  if (typeof value !== 'object' || value === null) return {};
  const stored = value as Readonly<Record<string, unknown>>;
  const choices = FILTER_PARTS.flatMap((part) => {
    const values = stored[part];
    return Array.isArray(values)
      ? filterChoices(part).filter((choice) => values.includes(choice.value))
      : [];
  });
  return filterOf(choices, typeof stored['text'] === 'string' ? stored['text'] : undefined);
}

/** A word of the vocabulary for people: `too-few-inputs` reads `too few inputs`. */
export function readable(word: string): SafeText {
  return foreignText(word.replaceAll('-', ' '));
}
