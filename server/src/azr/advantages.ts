/** Task-relative REINFORCE++ (TRR++), paper section 3.3.5: one baseline per mode and role. */

export interface Baseline {
  readonly mean: number;
  /** Population standard deviation. */
  readonly standardDeviation: number;
  readonly count: number;
}

/** Below this a batch is constant up to rounding, and no reward in it is better than another. */
export const SMALLEST_DEVIATION = 1e-8;

/** Mean and population standard deviation of rewards; zeros for an empty list. */
export function baselineOf(rewards: readonly number[]): Baseline {
  const count = rewards.length;
  if (count === 0) {
    return { mean: 0, standardDeviation: 0, count };
  }
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / count;
  const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / count;
  return { mean, standardDeviation: Math.sqrt(variance), count };
}

export interface AdvantageOptions {
  /** `task-role` is paper eq. 8; `group` compares with the rollouts of the same prompt. */
  readonly baseline: 'task-role' | 'group';
  /** Divide by the task-role standard deviation, as eq. 8 does. */
  readonly normalise: boolean;
}

/**
 * Advantages of one task-role batch.
 *
 * `task-role`: A_i = (r_i − μ) / σ with μ and σ over the batch (paper eq. 8).
 * `group`: A_i = (r_i − μ_g) / σ, with μ_g over the group of rollout i and σ over the batch.
 * @param rewards one per rollout
 * @param groups the group of each rollout
 */
export function advantagesOf(
  rewards: readonly number[],
  groups: readonly number[],
  options: AdvantageOptions,
): { readonly advantages: number[]; readonly baseline: Baseline } {
  const baseline = baselineOf(rewards);
  if (baseline.standardDeviation < SMALLEST_DEVIATION) {
    return { advantages: rewards.map(() => 0), baseline };
  }
  const scale = options.normalise ? baseline.standardDeviation : 1;
  const means = options.baseline === 'group' ? groupMeans(rewards, groups) : undefined;
  const advantages = rewards.map((reward, index) => {
    const compared = means?.get(groups[index]!) ?? baseline.mean;
    return (reward - compared) / scale;
  });
  return { advantages, baseline };
}

function groupMeans(rewards: readonly number[], groups: readonly number[]): Map<number, number> {
  const members = new Map<number, number[]>();
  rewards.forEach((reward, index) => {
    const group = groups[index]!;
    const rewardsOfGroup = members.get(group);
    if (rewardsOfGroup) {
      rewardsOfGroup.push(reward);
    } else {
      members.set(group, [reward]);
    }
  });
  return new Map([...members].map(([group, values]) => [group, baselineOf(values).mean]));
}
