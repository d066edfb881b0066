/** The command for what AZR Studio itself can do about a problem. */
import type { ProblemAction } from '../../server/protocol/problem.ts';
import { type SafeText, t } from './shown/safeText.ts';

export interface RemedyCommand {
  readonly title: SafeText;
  readonly command: string;
}

export function remedyCommand(action: ProblemAction): RemedyCommand {
  switch (action) {
    case 'set-engine-key':
      return { title: t('Set Engine Key'), command: 'azr.setEngineKey' };
    case 'set-up-python':
      return { title: t('Set Up Python Environment'), command: 'azr.setUpPython' };
    case 'restart-server':
      return { title: t('Restart Server'), command: 'azr.restartServer' };
    case 'run-doctor':
      return { title: t('Run Doctor'), command: 'azr.runDoctor' };
  }
}
