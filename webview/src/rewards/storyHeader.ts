/** Whose reward is told, and the ways from here to others. */
import { documentUri } from '../../../server/protocol/documents.ts';
import type { RewardStory } from '../../../server/protocol/rewardStory.ts';
import type { StepperMove } from '../../../server/protocol/webviewMessages.ts';
import { element } from '../ui/elements.ts';
import { button } from '../ui/toolkit.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { destination } from './stepperMoves.ts';

export interface HeaderControls {
  readonly onMove: (move: StepperMove) => void;
  readonly onOpenDocument: (uri: string) => void;
}

const WAYS: readonly {
  readonly move: StepperMove;
  readonly label: string;
  readonly description: string;
}[] = [
  { move: 'up', label: '↑ Proposal', description: 'The proposal that made the task (Arrow Up)' },
  { move: 'down', label: '↓ Attempt', description: 'The first attempt at the task (Arrow Down)' },
  { move: 'best', label: 'Best', description: 'The best advantage of the group (B)' },
  { move: 'worst', label: 'Worst', description: 'The worst advantage of the group (W)' },
];

export function storyHeader(story: RewardStory, controls: HeaderControls): HTMLElement {
  const verdict = storyVerdict(story);
  const ways = WAYS.filter(({ move }) => destination(story, 0, move).kind === 'rollout');
  return element(
    'header',
    'story-header',
    element('h1', { attributes: { title: visibleText(story.title) } }, visibleText(story.title)),
    element(
      'p',
      'story-facts',
      verdict && element('span', verdict.good ? 'outcome good' : 'outcome bad', verdict.text),
      `${story.role} · ${story.mode} · step ${String(story.step)} · ${story.phase}`,
    ),
    element(
      'div',
      { className: 'ways', attributes: { role: 'group', 'aria-label': 'Other rewards' } },
      button({
        label: 'Open',
        description:
          story.role === 'solver' ? 'Open the answer as code' : 'Open the prompt and completion',
        onPress: () => {
          controls.onOpenDocument(storyDocument(story));
        },
      }),
      ...ways.map(({ move, label, description }) =>
        button({
          label,
          description,
          onPress: () => {
            controls.onMove(move);
          },
        }),
      ),
    ),
  );
}

/** A solver's answer, a proposer's task, else what was said word for word. */
function storyDocument({ runId, rolloutId, role, links }: RewardStory): string {
  if (role === 'solver') return documentUri({ runId, kind: 'answer', id: rolloutId });
  return links.taskId === undefined
    ? documentUri({ runId, kind: 'prompt', id: rolloutId })
    : documentUri({ runId, kind: 'task', id: links.taskId });
}

function storyVerdict(story: RewardStory): { good: boolean; text: string } | undefined {
  for (const stage of story.stages) {
    if (stage.kind === 'execution') {
      const good = stage.verdict === 'correct';
      return { good, text: `${good ? '✓' : '✗'} ${stage.verdict}` };
    }
    if (stage.kind === 'validation') {
      return { good: stage.accepted, text: stage.accepted ? '✓ accepted' : '✗ rejected' };
    }
  }
  return undefined;
}
