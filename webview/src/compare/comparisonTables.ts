/** The tables of a comparison: every measurement beside the first one, and what differs in how they came about. */
import type {
  ColumnChange,
  ComparisonReport,
  DifferenceRow,
} from '../../../server/protocol/comparison.ts';
import { probability } from '../../../server/protocol/learningText.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { valueText } from '../dashboard/configurationView.ts';
import { changeText } from '../dashboard/changeText.ts';
import { intervalText } from '../dashboard/evaluationView.ts';
import { MOST_RUNS } from '../dashboard/runHeader.ts';
import { type Child, element } from '../ui/elements.ts';
import { percentText, quantityText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { CHART_COLOURS } from '../ui/themeColours.ts';

/** A measurement per row. @param names of the columns */
export function measurementsTable(
  { columns, changes }: ComparisonReport,
  names: readonly string[],
): HTMLElement {
  const ks = [...new Set(columns.flatMap(({ result }) => result?.passAtK.map(({ k }) => k) ?? []))];
  return plainTable({
    caption: 'Measurements',
    columns: [
      { title: 'Measurement' },
      ...['Tasks', 'Greedy', ...ks.map((k) => `pass@${String(k)}`)].map((title) => ({
        title,
        numeric: true,
      })),
      ...['Change, points', 'Gained', 'Lost', 'p', 'Same tasks'].map((title) => ({
        title,
        numeric: true,
      })),
    ],
    rows: columns.map(({ result, runId }, index) => [
      namedColumn(names[index] ?? '', colourOf(columns, runId)),
      result === undefined ? '–' : quantityText(result.tasks),
      result === undefined ? '–' : intervalText(result.greedy),
      ...ks.map((k) => {
        const found = result?.passAtK.find((one) => one.k === k);
        return found === undefined ? '–' : percentText(found.rate);
      }),
      ...changeCells(changes.find(({ column }) => column === index)),
    ]),
  });
}

/** What differs between the columns; nothing else is listed. */
export function differencesTable(
  rows: readonly DifferenceRow[],
  names: readonly string[],
): HTMLElement {
  return plainTable({
    caption: 'What differs',
    columns: [{ title: 'Setting' }, ...names.map((title) => ({ title }))],
    rows: rows.map(({ path, values }) => [
      path.map((part) => visibleText(part)).join(' › '),
      ...values.map((value) => (value === null ? '–' : valueText(value))),
    ]),
  });
}

/** The colour of a run's curve, the same for each of its measurements. */
function colourOf(columns: ComparisonReport['columns'], runId: string): string {
  const runs = [...new Set(columns.map((column) => column.runId))];
  return CHART_COLOURS[runs.indexOf(runId) % MOST_RUNS] ?? CHART_COLOURS[0];
}

function namedColumn(name: string, colour: string): HTMLElement {
  return element('span', 'column-name', element('span', `swatch swatch-${colour}`), name);
}

function changeCells(change: ColumnChange | undefined): Child[] {
  if (change === undefined) return ['baseline', '', '', '', ''];
  const { paired, unpaired, tasks } = change;
  if (paired !== undefined) {
    const { greedy } = paired;
    return [
      changeText(greedy),
      String(greedy.gained),
      String(greedy.lost),
      probability(greedy.pValue).replace('= ', ''),
      quantityText(tasks),
    ];
  }
  return [unpaired === undefined ? '–' : changeText(unpaired), '–', '–', '–', 'none'];
}
