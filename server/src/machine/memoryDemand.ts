import type { RunSettings } from '../../protocol/settings.ts';
import { usesMuon } from '../../protocol/goldSettings.ts';
import type { MemoryDemand } from '../engine/memoryNeeds.ts';

/** What a run asks of the device at most: its longest sequences, and the largest batch it samples. */
export function memoryDemand(settings: RunSettings): MemoryDemand {
  const { modes, proposalsPerMode, estimationRollouts, maximumAnswerTokens } = settings;
  return {
    trainable: settings.trainable,
    lora_rank: settings.loraRank,
    prompt_tokens: settings.maximumPromptTokens,
    completion_tokens: Math.max(settings.maximumProposalTokens, maximumAnswerTokens),
    rows: modes.length * proposalsPerMode * estimationRollouts,
    uses_muon: usesMuon(settings),
    samples_start: settings.curriculumEverySteps > 0 || settings.startingProposals > 0,
  };
}
