/** The command that mends a problem, by the problem's code. */
import { type SafeText, t } from './shown/safeText.ts';

export interface RemedyCommand {
  readonly title: SafeText;
  readonly command: string;
}

/** Undefined where only the user can know. */
export function remedyCommand(code: string): RemedyCommand | undefined {
  if (code.startsWith('engine_')) {
    return code.startsWith('engine_key')
      ? { title: t('Set Engine Key'), command: 'azr.setEngineKey' }
      : undefined;
  }
  if (/python|environment|engine-packages|packages/.test(code)) {
    return { title: t('Set Up Python Environment'), command: 'azr.setUpPython' };
  }
  if (/server|unexpected|protocol/.test(code)) {
    return { title: t('Restart Server'), command: 'azr.restartServer' };
  }
  if (/sandbox|disk|memory/.test(code)) {
    return { title: t('Run Doctor'), command: 'azr.runDoctor' };
  }
  return undefined;
}
