/** What the dashboard comes back to after a reload; whatever else is stored there is not trusted. */
import { STRONGEST_SMOOTHING } from './smoothing.ts';
import { FIRST_TABLE_STATE, type TableState } from './tableView.ts';

const TABS = ['curves', 'learned', 'skills', 'curriculum', 'table', 'configuration'] as const;

export interface DashboardMemory {
  readonly tab: string;
  readonly asTable: boolean;
  /** How much the curves are smoothed, from 0 to {@link STRONGEST_SMOOTHING}. */
  readonly smoothing: number;
  readonly table: TableState;
}

export function dashboardMemory(stored: unknown): DashboardMemory {
  const memory = isRecord(stored) ? stored : {};
  const table = isRecord(memory['table']) ? memory['table'] : {};
  return {
    tab: TABS.find((tab) => tab === memory['tab']) ?? 'curves',
    asTable: memory['asTable'] === true,
    smoothing: strengthOf(memory['smoothing']),
    table: {
      table: table['table'] === 'rollouts' ? 'rollouts' : 'proposals',
      sort: typeof table['sort'] === 'string' ? table['sort'] : FIRST_TABLE_STATE.sort,
      descending: table['descending'] !== false,
      // A filter that was forgotten hides rows; the page starts without one.
      filter: {},
    },
  };
}

function strengthOf(value: unknown): number {
  const isStrength = typeof value === 'number' && value >= 0 && value <= STRONGEST_SMOOTHING;
  return isStrength ? value : 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
