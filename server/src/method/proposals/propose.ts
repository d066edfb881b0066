/** The proposer's half of a step: prompts from references, completions, validation, new tasks. Paper section 3.3.2 and 3.3.3. */
import type { Mode } from '../../../protocol/vocabulary.ts';
import type { LoopDependencies } from '../context.ts';
import { readProposal, validateProposal } from './judgeProposal.ts';
import type { Ledger, RolloutDraft } from '../ledger.ts';
import { planProposal, type ProposalPlan } from './planProposal.ts';
import { RandomStream } from '../randomStream.ts';
import { sampleJobs, type SamplingOptions } from '../rollouts.ts';
import { settleProposal, type ProposalOutcome, type ValidatedProposal } from './settleProposal.ts';
import type { TaskMemory } from '../memory/taskMemory.ts';

/** Phases in which a proposer writes. */
type ProposerPhase = 'seed' | 'propose' | 'explore';

interface ProposalRequest {
  readonly modes: readonly Mode[];
  /** Proposals per mode. */
  readonly count: number;
  readonly phase: 'seed' | 'propose';
  /** Tells apart several rounds of one step for the same modes (seeding needs many). */
  readonly round: number;
}

/**
 * Asks for `count` proposals per mode and turns the valid, new ones into tasks. A proposal for
 * which no prompt fits is skipped and counted, so fewer outcomes may come back.
 */
export async function proposeTasks(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  request: ProposalRequest,
  signal: AbortSignal,
): Promise<ProposalOutcome[]> {
  const plans = await planAll(dependencies, ledger, memory, request);
  const rollouts = await sampleAll(dependencies, ledger, plans, request, signal);
  const validated = await validateAll(dependencies, ledger, plans, rollouts, signal);
  // Acceptance goes in the order of the prompts, so that duplicates within a step fall the same way every time.
  const outcomes: ProposalOutcome[] = [];
  for (const one of validated) {
    outcomes.push(settleProposal(dependencies, ledger, memory, one));
  }
  return outcomes;
}

async function planAll(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  { modes, count, round }: ProposalRequest,
): Promise<ProposalPlan[]> {
  const { seed } = dependencies.settings;
  const all = await Promise.all(
    modes.flatMap((mode) =>
      Array.from({ length: count }, (_, index) => {
        const random = new RandomStream(seed, 'references', ledger.step, round, mode, index);
        return planProposal(dependencies, memory, mode, random);
      }),
    ),
  );
  return all.flatMap((plan) => {
    if ('skipped' in plan) {
      ledger.skipProposal(plan.mode, plan.skipped);
      return [];
    }
    return plan;
  });
}

/**
 * One completion per plan, in their order. A share of each mode's, spread evenly over its prompts, is
 * written by the model that the run began with: rows of the phase `explore`.
 */
async function sampleAll(
  dependencies: LoopDependencies,
  ledger: Ledger,
  plans: readonly ProposalPlan[],
  { modes, phase, round }: ProposalRequest,
  signal: AbortSignal,
): Promise<RolloutDraft[]> {
  const { temperature, startingProposals } = dependencies.settings;
  const share = phase === 'seed' ? 0 : startingProposals;
  const places = placesInModes(plans);
  const explores = (index: number) =>
    Math.floor((places[index]! + 1) * share) > Math.floor(places[index]! * share);
  // Seeding counts its rounds per mode, so the round alone would give two of them the same seed.
  const named = `${modes.join(' ')} ${String(round)}`;
  const sample = async (of: ProposerPhase, done: number, options: SamplingOptions) => {
    const jobs = plans.flatMap(({ mode, prompt, promptTokens }, index) =>
      explores(index) === (of === 'explore')
        ? { role: 'proposer' as const, mode, phase: of, prompt, promptTokens, samples: 1 }
        : [],
    );
    const part = { done, total: plans.length };
    const parted = { ...options, part };
    return (await sampleJobs(dependencies, ledger, jobs, 'propose', signal, parted)).flat();
  };
  const own = await sample(phase, 0, { round: named });
  const explored = await sample('explore', own.length, {
    round: `${named} explore`,
    sampling: { temperature, weights: 'start' },
  });
  const [ownInOrder, exploredInOrder] = [own.values(), explored.values()];
  return plans.map(
    (_plan, index) => (explores(index) ? exploredInOrder : ownInOrder).next().value!,
  );
}

/** Of each plan, how many of its mode stand before it. */
function placesInModes(plans: readonly ProposalPlan[]): number[] {
  const counts = new Map<Mode, number>();
  return plans.map(({ mode }) => {
    const place = counts.get(mode) ?? 0;
    counts.set(mode, place + 1);
    return place;
  });
}

async function validateAll(
  dependencies: LoopDependencies,
  ledger: Ledger,
  plans: readonly ProposalPlan[],
  rollouts: readonly RolloutDraft[],
  signal: AbortSignal,
): Promise<ValidatedProposal[]> {
  const { clock, listener } = dependencies;
  ledger.enterPhase('validate', clock.now());
  const total = rollouts.length;
  let done = 0;
  return Promise.all(
    rollouts.map(async (rollout, index) => {
      const plan = plans[index]!;
      const proposal = readProposal(dependencies, plan, rollout);
      const judged = proposal && (await validateProposal(dependencies, proposal, signal));
      done += 1;
      listener({ kind: 'phase', step: ledger.step, phase: 'validate', done, total });
      return { plan, rollout, judged };
    }),
  );
}
