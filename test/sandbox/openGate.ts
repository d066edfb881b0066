import type { GraderRules } from '../../server/protocol/sandbox.ts';

/** The static gate open as wide as it goes, so that it is not what stops a proposal. */
export function openGate(allowedImports: readonly string[]): GraderRules {
  return {
    allowedImports,
    bannedWords: [],
    programCharacters: 100_000,
    minimumInductionInputs: 3,
    singleFunction: false,
  };
}
