/** What a user watches: solve rates, validity, and the signs that self-play narrows or collapses. Measured, never acted on. */
import { taskRole } from '../../../protocol/events.ts';
import { MODES, ROLES } from '../../../protocol/vocabulary.ts';
import { mean } from '../../statistics/cells.ts';
import type { Ledger, RolloutDraft, TaskDraft } from '../ledger.ts';
import { isExplored, type ProposalOutcome } from '../proposals/settleProposal.ts';
import type { SolvedTask } from '../solve.ts';
import type { TaskMemory } from '../memory/taskMemory.ts';

/** Notes the metrics of one step. Ratios over nothing are left out. */
export function recordMonitors(
  ledger: Ledger,
  memory: TaskMemory,
  proposals: readonly ProposalOutcome[],
  estimated: readonly SolvedTask<TaskDraft>[],
  {
    trainedTokens,
    newPrograms,
    newlySolved,
  }: {
    readonly trainedTokens: number;
    readonly newPrograms: number;
    /** Tasks that no attempt had solved before. */
    readonly newlySolved: number;
  },
): void {
  // How the trained proposer does; what the starting model writes beside it says nothing about that, and
  // neither do tasks that were given.
  const ofProposer = proposals.filter((one) => one.rollout !== undefined && !isExplored(one));
  for (const mode of MODES) {
    const ofMode = ofProposer.filter((proposal) => proposal.mode === mode);
    const name = taskRole('proposer', mode);
    recordProposals(ledger, name, ofMode);
    const learnabilities = ofMode.flatMap(({ task }) => task?.learnability ?? []);
    ledger.addMetric(`${name}.learnability`, mean(learnabilities));
    recordSolving(
      ledger,
      mode,
      estimated.filter(({ task }) => task.mode === mode),
    );
    ledger.addMetric(`buffer.${mode}.size`, memory.buffer(mode).size);
    ledger.addMetric(`buffer.${mode}.templates`, memory.buffer(mode).templates);
    ledger.addMetric(`memory.${mode}.unsolved`, memory.unsolved(mode).size);
  }
  recordProposals(ledger, 'proposer', ofProposer);
  ledger.addMetric('proposer.newPrograms', newPrograms);
  ledger.addMetric('memory.newlySolved', newlySolved);
  ledger.addMetric('memory.programs', memory.programs);
  ledger.addMetric('memory.templates', memory.templates);
  recordSkipped(ledger);
  recordTokens(ledger);
  ledger.addMetric('tokens.trained', trainedTokens);
  const generated = ledger.rollouts.filter(({ phase }) => !isMeasurement(phase));
  ledger.addMetric('tokens.generated', sum(generated.map(({ tokens }) => tokens.length)));
}

/**
 * `valid`: share of proposals that pass validation. `unique`: share of the valid ones that equal no
 * earlier task. `largestTemplate`: share of the valid ones that fill the most used template.
 */
function recordProposals(
  ledger: Ledger,
  name: string,
  proposals: readonly ProposalOutcome[],
): void {
  const valid = proposals.filter(({ template }) => template !== undefined);
  const repeated = valid.filter(({ reason }) => reason === 'duplicate');
  const templates = new Map<string, number>();
  for (const { template = '' } of valid) {
    templates.set(template, (templates.get(template) ?? 0) + 1);
  }
  ledger.addMetric(`${name}.valid`, valid.length / proposals.length);
  ledger.addMetric(`${name}.unique`, 1 - repeated.length / valid.length);
  ledger.addMetric(`${name}.largestTemplate`, Math.max(0, ...templates.values()) / valid.length);
  ledger.addMetric(
    `${name}.accepted`,
    proposals.filter(({ task }) => task).length / proposals.length,
  );
}

/** How many proposals were never asked for; a step that skipped none has no such metric. */
function recordSkipped(ledger: Ledger): void {
  for (const mode of MODES) {
    const count = ledger.skipped.filter((skipped) => skipped.mode === mode).length;
    if (count > 0) {
      ledger.addMetric(`${taskRole('proposer', mode)}.skipped`, count);
    }
  }
}

function recordSolving(
  ledger: Ledger,
  mode: TaskDraft['mode'],
  estimated: readonly SolvedTask<TaskDraft>[],
): void {
  const rates = estimated.map(({ solveRate }) => solveRate);
  const rollouts = estimated.flatMap((solved) => solved.rollouts);
  const malformed = rollouts.filter(({ verdict }) => verdict === 'malformed').length;
  const constant = rates.filter((rate) => rate === 0 || rate === 1).length;
  const name = taskRole('solver', mode);
  ledger.addMetric(`${name}.solveRate`, mean(rates));
  ledger.addMetric(`${name}.malformed`, malformed / rollouts.length);
  ledger.addMetric(`${name}.zeroVarianceGroups`, constant / rates.length);
}

/** Mean length and mean surprise of sampled tokens, which estimates the policy's entropy, per role and mode. */
function recordTokens(ledger: Ledger): void {
  for (const role of ROLES) {
    for (const mode of MODES) {
      const rollouts = ledger.rollouts.filter(
        (rollout) =>
          rollout.role === role &&
          rollout.mode === mode &&
          rollout.phase !== 'explore' &&
          !isMeasurement(rollout.phase),
      );
      const tokens = sum(rollouts.map((rollout) => rollout.tokens.length));
      const name = taskRole(role, mode);
      ledger.addMetric(`${name}.entropy`, -sum(rollouts.map(sumOfLogProbabilities)) / tokens);
      ledger.addMetric(`${name}.tokens`, tokens / rollouts.length);
    }
  }
}

/** Answers to held-out tasks are not part of self-play. */
function isMeasurement(phase: RolloutDraft['phase']): boolean {
  return phase === 'greedy' || phase === 'probe';
}

function sumOfLogProbabilities(rollout: RolloutDraft): number {
  return sum(rollout.logProbabilities);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
