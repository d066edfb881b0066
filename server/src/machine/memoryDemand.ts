import type { RunSettings } from '../../protocol/settings.ts';
import { usesMuon } from '../../protocol/goldSettings.ts';
import type { MemoryDemand } from '../engine/memoryPlan.ts';

/** What a run asks of the device at most: its longest sequences, and the largest batch it samples. */
export function memoryDemand(settings: RunSettings): MemoryDemand {
  const { modes, proposalsPerMode, estimationRollouts, maximumAnswerTokens } = settings;
  return {
    trainable: settings.trainable,
    loraRank: settings.loraRank,
    promptTokens: settings.maximumPromptTokens,
    completionTokens: Math.max(settings.maximumProposalTokens, maximumAnswerTokens),
    rows: modes.length * proposalsPerMode * estimationRollouts,
    usesMuon: usesMuon(settings),
    samplesStart: settings.curriculumEverySteps > 0 || settings.startingProposals > 0,
  };
}
