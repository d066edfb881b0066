/** The attempts of a group as a strip of cells; each leads to its own story. */
import type { GroupMember } from '../../../server/protocol/rewardStory.ts';
import { element } from '../ui/elements.ts';
import { signedText } from '../ui/numberText.ts';
import { makeRoving, setTabStop } from '../ui/rovingFocus.ts';

export function groupStrip(
  members: readonly GroupMember[],
  onOpen: (rolloutId: number) => void,
): HTMLElement {
  const cells = members.map((member, index) => {
    const description = memberText(member, index);
    return element(
      'button',
      {
        className: `cell ${member.verdict ?? 'unjudged'}${member.current ? ' current' : ''}`,
        attributes: {
          type: 'button',
          title: description,
          'aria-label': description,
          'aria-current': member.current ? 'true' : undefined,
        },
        on: {
          click: () => {
            onOpen(member.rolloutId);
          },
        },
      },
      verdictSign(member.verdict),
    );
  });
  setTabStop(
    cells,
    Math.max(
      members.findIndex(({ current }) => current),
      0,
    ),
  );
  const strip = element(
    'div',
    { className: 'strip', attributes: { role: 'group', 'aria-label': 'Attempts of the group' } },
    ...cells,
  );
  makeRoving(strip, { items: () => cells, orientation: 'both' });
  return element(
    'div',
    {},
    strip,
    element(
      'p',
      'legend-line',
      '✓ correct',
      '  ✗ wrong',
      '  – malformed',
      '  ▢ outlined: this one',
    ),
  );
}

function verdictSign(verdict: GroupMember['verdict']): string {
  switch (verdict) {
    case 'correct':
      return '✓';
    case 'wrong':
      return '✗';
    case 'malformed':
      return '–';
    case undefined:
      return '·';
  }
}

function memberText({ verdict, reward, advantage, current }: GroupMember, index: number): string {
  return [
    `Attempt ${String(index + 1)}${current ? ' (this one)' : ''}`,
    verdict ?? 'not judged',
    reward !== undefined && `reward ${signedText(reward)}`,
    advantage !== undefined && `advantage ${signedText(advantage)}`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}
