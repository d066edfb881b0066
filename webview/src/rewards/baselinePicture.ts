/** Where this reward lies among the batch that it is compared with. */
import type { RewardStage } from '../../../server/protocol/rewardStory.ts';
import { element } from '../ui/elements.ts';
import { countText, quantityText, signedText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { svg } from '../ui/svg.ts';
import { rewardHistogram } from './rewardHistogram.ts';

type BaselineStage = Extract<RewardStage, { kind: 'baseline' }>;

const WIDTH = 300;
const HEIGHT = 84;
const FLOOR = HEIGHT - 2;
const CEILING = 14;

export function baselinePicture(stage: BaselineStage): HTMLElement {
  const { mean, standardDeviation, count, members } = stage;
  const rewards = members.flatMap(({ reward }) => (reward === undefined ? [] : [reward]));
  const current = members.find((member) => member.current)?.reward;
  if (rewards.length === 0) return element('p', 'hint', 'The rewards of the batch are not stored.');
  const band = [stage.batchMean - standardDeviation, stage.batchMean + standardDeviation];
  const histogram = rewardHistogram(rewards, current, [mean, ...band]);
  const description =
    `${countText(rewards.length, 'reward')} from ${signedText(Math.min(...rewards))} to ` +
    `${signedText(Math.max(...rewards))}, mean ${signedText(mean)}, standard deviation ` +
    `${quantityText(standardDeviation)}${current === undefined ? '' : `; this one is ${signedText(current)}`}.`;
  return element(
    'figure',
    'baseline',
    drawing(histogram, mean, band as [number, number], description),
    element(
      'div',
      { className: 'baseline-scale', attributes: { 'aria-hidden': 'true' } },
      element('span', {}, signedText(histogram.low)),
      element('span', {}, signedText(histogram.high)),
    ),
    element(
      'figcaption',
      'legend-line',
      element('span', 'key key-current', 'this reward'),
      element('span', 'key key-mean', stage.baseline === 'group' ? 'group mean' : 'mean'),
      element('span', 'key key-band', '± standard deviation'),
    ),
    members.length < count &&
      element('p', 'hint', `${String(members.length)} of the ${String(count)} are drawn.`),
    element('details', {}, element('summary', {}, 'As a table'), rewardTable(rewards, current)),
  );
}

function drawing(
  { low, high, counts, currentBin }: ReturnType<typeof rewardHistogram>,
  mean: number,
  [bandLow, bandHigh]: [number, number],
  description: string,
): SVGElement {
  const at = (value: number) => ((value - low) / (high - low)) * WIDTH;
  const most = Math.max(...counts);
  const barWidth = WIDTH / counts.length;
  const bars = counts.flatMap((count, bin) => {
    if (count === 0) return [];
    const height = Math.max((count / most) * (FLOOR - CEILING), 2);
    return [
      svg('rect', {
        class: bin === currentBin ? 'bar bar-current' : 'bar',
        x: bin * barWidth + 1,
        y: FLOOR - height,
        width: barWidth - 2,
        height,
      }),
    ];
  });
  const marker =
    currentBin === undefined
      ? []
      : [
          svg('path', {
            class: 'marker',
            d: `M${String((currentBin + 0.5) * barWidth - 5)} 2 h10 l-5 8 z`,
          }),
        ];
  return svg(
    'svg',
    {
      viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': description,
    },
    svg('rect', {
      class: 'band',
      x: at(bandLow),
      y: CEILING,
      width: Math.max(at(bandHigh) - at(bandLow), 1),
      height: FLOOR - CEILING,
    }),
    ...bars,
    svg('line', { class: 'mean', x1: at(mean), x2: at(mean), y1: CEILING, y2: FLOOR }),
    svg('line', { class: 'floor', x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR }),
    ...marker,
  );
}

function rewardTable(rewards: readonly number[], current: number | undefined): HTMLElement {
  const counts = new Map<number, number>();
  for (const reward of rewards) counts.set(reward, (counts.get(reward) ?? 0) + 1);
  return plainTable({
    caption: 'Rewards of the batch',
    columns: [
      { title: 'Reward', numeric: true },
      { title: 'Rollouts', numeric: true },
      { title: '' },
    ],
    rows: [...counts]
      .sort(([a], [b]) => a - b)
      .map(([reward, count]) => [
        signedText(reward),
        String(count),
        reward === current ? 'this one is here' : '',
      ]),
  });
}
