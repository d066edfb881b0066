/** The doctor's report as the output channel shows it. */
import type { DoctorCheck } from '../../../server/protocol/runs.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { t } from '../shown/safeText.ts';

const MARKS: Readonly<Record<DoctorCheck['status'], string>> = {
  ok: '✓',
  warning: '!',
  failed: '✗',
};

export function doctorText(checks: readonly DoctorCheck[], at: Date): string {
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, detail, remedy }) => {
    const line = `${MARKS[status]} ${name.padEnd(width)}  ${detail}`;
    return remedy === undefined ? [line] : [line, `  ${' '.repeat(width)}  → ${remedy}`];
  });
  const failures = checks.filter(({ status }) => status === 'failed').length;
  const verdict = failures === 0 ? t('A run can be started.') : t('{0} checks failed.', failures);
  return visibleText(
    [`── ${at.toLocaleTimeString()} · ${t('Doctor')}`, ...lines, '', verdict, ''].join('\n'),
  );
}
