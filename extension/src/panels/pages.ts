/** The pages that are shown among the editors. */
import type { Measurement } from '../../../server/protocol/comparison.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import { t } from '../shown/safeText.ts';
import type { EditorPanelOptions } from './editorPanel.ts';

const DASHBOARD_TYPE = 'azr.dashboard';
const COMPARISON_TYPE = 'azr.comparison';

export const DASHBOARD: EditorPanelOptions<RunId> = {
  type: DASHBOARD_TYPE,
  focusKey: 'azr.dashboard.runs',
  name: 'dashboard',
  title: t('AZR Dashboard'),
  focusOn: (runIds) => (runIds.length === 0 ? { kind: 'nothing' } : { kind: 'dashboard', runIds }),
};

/** The others are compared with the first. */
export const COMPARISON: EditorPanelOptions<Measurement> = {
  type: COMPARISON_TYPE,
  focusKey: 'azr.comparison.measurements',
  // Its charts and tables are the dashboard's.
  name: 'dashboard',
  title: t('AZR Comparison'),
  focusOn: (measurements) => ({ kind: 'compare', measurements }),
};
