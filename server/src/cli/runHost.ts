/** What every run that the command line works on gets. */
import { openRunEvaluator } from '../evaluation/runEvaluator.ts';
import { engineOpener } from '../run/openEngine.ts';
import type { RunHost } from '../run/run.ts';
import type { SessionHost } from '../run/runSession.ts';

/** @param key see `engineOpener` */
export function runHost(host: SessionHost, key: Parameters<typeof engineOpener>[0]): RunHost {
  return { ...host, openEngine: engineOpener(key), openEvaluator: openRunEvaluator };
}
