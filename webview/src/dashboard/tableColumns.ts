/** The columns of both tables; those that the server can sort by are marked. */
import type { ProposalItem, RolloutItem } from '../../../server/protocol/queries.ts';
import { percentText, quantityText, signedText } from '../ui/numberText.ts';
import type { GridColumn } from '../ui/virtualGrid.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';

export type TableRow = ProposalItem | RolloutItem;
export type TableName = 'proposals' | 'rollouts';

function proposalColumn(
  column: Omit<GridColumn<TableRow>, 'cell' | 'tone'>,
  cell: (row: ProposalItem) => string,
  tone?: (row: ProposalItem) => string,
): GridColumn<TableRow> {
  return {
    ...column,
    cell: (row) => (row.kind === 'proposal' ? cell(row) : ''),
    ...(tone !== undefined && { tone: (row) => (row.kind === 'proposal' ? tone(row) : '') }),
  };
}

function rolloutColumn(
  column: Omit<GridColumn<TableRow>, 'cell' | 'tone'>,
  cell: (row: RolloutItem) => string,
  tone?: (row: RolloutItem) => string,
): GridColumn<TableRow> {
  return {
    ...column,
    cell: (row) => (row.kind === 'rollout' ? cell(row) : ''),
    ...(tone !== undefined && { tone: (row) => (row.kind === 'rollout' ? tone(row) : '') }),
  };
}

const optional = (value: number | undefined, text: (value: number) => string) =>
  value === undefined ? '–' : text(value);

export const COLUMNS: Readonly<Record<TableName, readonly GridColumn<TableRow>[]>> = {
  proposals: [
    proposalColumn({ id: 'id', title: 'No.', numeric: true, sortable: true }, ({ id }) =>
      String(id),
    ),
    proposalColumn({ id: 'step', title: 'Step', numeric: true }, ({ step }) => String(step)),
    proposalColumn({ id: 'mode', title: 'Mode' }, ({ mode }) => mode),
    proposalColumn(
      { id: 'verdict', title: 'Outcome' },
      ({ accepted, reason }) => (accepted ? '✓ accepted' : `✗ ${reason ?? 'rejected'}`),
      ({ accepted }) => (accepted ? 'good' : 'bad'),
    ),
    proposalColumn({ id: 'text', title: 'Program or message' }, ({ title }) => visibleText(title)),
    proposalColumn(
      {
        id: 'solveRate',
        title: 'Solved',
        numeric: true,
        sortable: true,
        explanation: 'Share of the attempts that were correct when the task was new',
      },
      ({ solveRate }) => optional(solveRate, percentText),
    ),
    proposalColumn(
      {
        id: 'learnability',
        title: 'Learnable',
        numeric: true,
        sortable: true,
        explanation: '1 − solve rate, and 0 for tasks that were always or never solved',
      },
      ({ learnability }) => optional(learnability, percentText),
    ),
    proposalColumn({ id: 'reward', title: 'Reward', numeric: true, sortable: true }, ({ reward }) =>
      optional(reward, signedText),
    ),
    proposalColumn(
      {
        id: 'syntaxNodes',
        title: 'Nodes',
        numeric: true,
        sortable: true,
        explanation: 'Size of the program’s syntax tree',
      },
      ({ syntaxNodes }) => optional(syntaxNodes, quantityText),
    ),
  ],
  rollouts: [
    rolloutColumn({ id: 'id', title: 'No.', numeric: true, sortable: true }, ({ id }) =>
      String(id),
    ),
    rolloutColumn({ id: 'step', title: 'Step', numeric: true }, ({ step }) => String(step)),
    rolloutColumn({ id: 'role', title: 'Role' }, ({ role }) => role),
    rolloutColumn({ id: 'mode', title: 'Mode' }, ({ mode }) => mode),
    rolloutColumn(
      {
        id: 'phase',
        title: 'Phase',
        explanation: 'What it was sampled for: estimate measures a new task, probe a held-out one',
      },
      ({ phase }) => phase,
    ),
    rolloutColumn(
      { id: 'verdict', title: 'Verdict' },
      ({ verdict, verdictReason }) => verdictText(verdict, verdictReason),
      ({ verdict }) => (verdict === 'correct' ? 'good' : verdict === undefined ? '' : 'bad'),
    ),
    rolloutColumn({ id: 'text', title: 'Answer' }, ({ answer }) => visibleText(answer ?? '–')),
    rolloutColumn({ id: 'reward', title: 'Reward', numeric: true, sortable: true }, ({ reward }) =>
      optional(reward, signedText),
    ),
    rolloutColumn(
      { id: 'advantage', title: 'Advantage', numeric: true, sortable: true },
      ({ advantage }) => optional(advantage, signedText),
    ),
    rolloutColumn(
      { id: 'tokenCount', title: 'Tokens', numeric: true, sortable: true },
      ({ tokenCount }) => quantityText(tokenCount),
    ),
  ],
};

function verdictText(
  verdict: RolloutItem['verdict'],
  reason: RolloutItem['verdictReason'],
): string {
  if (verdict === undefined) return '–';
  if (verdict === 'correct') return '✓ correct';
  return `✗ ${reason ?? verdict}`;
}
