/** How a run is called where space is short: by its model and when it started, or as its folder is. */
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { foreignText, type SafeText, t } from '../shown/safeText.ts';

/** Names that the runner makes up: the time of the start, and the model. */
const MADE_NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-(.+)$/;

/** For example `azr-nano, 08:23`, with the date on other days. A folder that somebody named keeps its name. */
export function runLabel(run: RunOverview, now = new Date(), locale?: string): SafeText {
  if (run.evaluation !== undefined) {
    return t('Evaluation of {0}, {1}', run.evaluation.suite, runTime(run, now, locale));
  }
  const model = MADE_NAME.exec(run.name)?.[1];
  if (model === undefined || run.createdAt === undefined) return foreignText(run.name);
  return foreignText(`${model}, ${runTime(run, now, locale)}`);
}

/** When it started: the time, with the date on other days; the name of the folder where that is not known. */
function runTime(run: RunOverview, now = new Date(), locale?: string): string {
  if (run.createdAt === undefined) return run.name;
  const startedAt = new Date(run.createdAt);
  const isToday = startedAt.toDateString() === now.toDateString();
  return startedAt.toLocaleString(locale, {
    ...(!isToday && { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
}
