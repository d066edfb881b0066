/** How a run is called where space is short: by its model and when it started, or as its folder is. */
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { foreignText, type SafeText } from '../shown/safeText.ts';

/** Names that the runner makes up: the time of the start, and the model. */
const MADE_NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-(.+)$/;

/** For example `azr-nano, 08:23`, with the date on other days. A folder that somebody named keeps its name. */
export function runLabel(run: RunOverview, now = new Date(), locale?: string): SafeText {
  const model = MADE_NAME.exec(run.name)?.[1];
  if (model === undefined || run.createdAt === undefined) return foreignText(run.name);
  const startedAt = new Date(run.createdAt);
  const isToday = startedAt.toDateString() === now.toDateString();
  const time = startedAt.toLocaleString(locale, {
    ...(!isToday && { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return foreignText(`${model}, ${time}`);
}
