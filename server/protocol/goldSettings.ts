/** What a run's settings say of training on executed answers. */
import type { RunSettings } from './settings.ts';

/** Whether a run trains on what the interpreter knows. */
export function usesGold(
  settings: Pick<RunSettings, 'goldLossWeight' | 'goldDocumentsPerStep'>,
): boolean {
  return settings.goldLossWeight > 0 && settings.goldDocumentsPerStep > 0;
}

/** Whether some of its optimizer steps are those of Muon. */
export function usesMuon(
  settings: Pick<RunSettings, 'goldLossWeight' | 'goldDocumentsPerStep' | 'goldOptimizer'>,
): boolean {
  return usesGold(settings) && settings.goldOptimizer === 'muon';
}
