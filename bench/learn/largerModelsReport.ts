/** The part of docs/learning.md about larger models, whose results stand beside nothing else. */
import type { PartChange } from '../../server/protocol/learning.ts';
import { compositionText } from './largerHeldOut.ts';
import { changeText, intervalText, pText, table } from './reportText.ts';
import type { RecordedResult } from './results.ts';

const COMMAND = 'npm run learn -- --model smollm2-135m --cruxeval FILE';
const COLUMNS = ['run', 'held-out tasks', 'number', 'greedy, before → after', 'gain, 99 %', 'p'];

/** Lines of Markdown; without a result they say that no such run was made. */
export function largerModelsText(results: readonly RecordedResult[]): string[] {
  const intro = `\`${COMMAND}\` gives the same recipe to SmolLM2-135M for a quarter of an hour on a GPU, and asks it a part of the held-out tasks above and 100 items of CRUXEval before and after. [measuring.md](measuring.md#a-larger-model) says how.`;
  if (results.length === 0) {
    return ['## Larger models', '', `${intro} That run has not been made yet.`, ''];
  }
  return [
    ...['## Larger models', '', intro, ''],
    table(
      ['run', 'model', 'arm', 'seed', 'steps', 'minutes', 'device', 'settings'],
      results.map((result, index) => [
        ...[runName(index), result.model ?? '', `\`${result.arm}\``, String(result.seed)],
        ...[String(result.steps), result.minutes.toFixed(1), result.device ?? ''],
        result.settings.map((setting) => `\`${setting}\``).join(', '),
      ]),
    ),
    '',
    ...results.flatMap(({ heldOut }, index) =>
      heldOut === undefined ? [] : [`Run ${runName(index)}: ${compositionText(heldOut)}`, ''],
    ),
    table(
      [...COLUMNS, 'pass@k'],
      results.flatMap((result, index) => partRows(result, runName(index))),
    ),
    '',
  ];
}

/** A row for all tasks, then one for each mode and stratum. */
function partRows({ report }: RecordedResult, run: string): string[][] {
  const { greedy, sampled, parts, tasks } = report;
  if (greedy === undefined) return [];
  const samples = sampled?.samples;
  const all = { tasks, greedy, ...(sampled && { passK: sampled.passK }) };
  return [
    [run, 'all', ...cells(all, samples)],
    ...parts.map((part) => [run, partName(part), ...cells(part, samples)]),
  ];
}

function cells(
  { tasks, greedy, passK }: Omit<PartChange, 'part'>,
  samples: number | undefined,
): string[] {
  return [
    ...[String(tasks), changeText(greedy), intervalText(greedy), pText(greedy.pValue)],
    passK === undefined || samples === undefined
      ? ''
      : `${changeText(passK)}, gain ${intervalText(passK)} (k = ${String(samples)})`,
  ];
}

function partName({ part }: PartChange): string {
  return 'mode' in part ? part.mode : part.stratum;
}

function runName(index: number): string {
  return String(index + 1);
}
