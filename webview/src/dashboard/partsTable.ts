/** The change between two measurements in a table: of all held-out tasks, of each mode and of each stratum. */
import type {
  GreedyChange,
  PartChange,
  RateChange,
  SampledChange,
} from '../../../server/protocol/learning.ts';
import { probability } from '../../../server/protocol/learningText.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { percentText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { changeText } from './changeText.ts';

/** What two measurements of the same tasks differ in. */
export interface ChangeByPart {
  readonly tasks: number;
  readonly greedy: Omit<GreedyChange, 'step'>;
  readonly sampled?: Pick<SampledChange, 'samples' | 'passK'>;
  readonly parts: readonly PartChange[];
}

export function partsTable({ parts, sampled, greedy, tasks }: ChangeByPart): HTMLElement {
  const passK = sampled === undefined ? undefined : `pass@${String(sampled.samples)}`;
  const whole = { tasks, greedy, ...(sampled && { passK: sampled.passK }) };
  return plainTable({
    caption: 'Held-out tasks by part',
    columns: [
      { title: 'Part' },
      ...[
        'Tasks',
        'Greedy',
        'Change, points',
        'Gained',
        'Lost',
        'p',
        ...(passK ? [passK, 'Change, points'] : []),
      ].map((title) => ({ title, numeric: true })),
    ],
    rows: [row('all', whole, passK), ...parts.map((part) => row(partName(part), part, passK))],
  });
}

function row(
  name: string,
  { tasks, greedy, passK }: Pick<PartChange, 'tasks' | 'greedy' | 'passK'>,
  passKTitle: string | undefined,
): string[] {
  return [
    name,
    String(tasks),
    rateText(greedy),
    changeText(greedy),
    String(greedy.gained),
    String(greedy.lost),
    probability(greedy.pValue).replace('= ', ''),
    ...(passKTitle === undefined
      ? []
      : passK === undefined
        ? ['–', '–']
        : [rateText(passK), changeText(passK)]),
  ];
}

function partName({ part }: PartChange): string {
  return 'mode' in part ? part.mode : visibleText(part.stratum);
}

function rateText({ before, after }: RateChange): string {
  return `${percentText(before)} → ${percentText(after)}`;
}
