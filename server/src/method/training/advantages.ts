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
  /**
   * What the difference is divided by: the task-role standard deviation, as in eq. 8; the share of right
   * answers in the group, which weighs a rare success as maximum likelihood does; or nothing.
   */
  readonly scale: 'deviation' | 'group-rate' | 'none';
}

export interface AdvantageInput {
  readonly reward: number;
  /** Rollouts of one prompt share a group. */
  readonly group: number;
  readonly correct: boolean;
}

/**
 * Advantages of one task-role batch.
 *
 * `task-role`: A_i = (r_i − μ) / s with μ over the batch (paper eq. 8 for s = σ).
 * `group`: A_i = (r_i − μ_g) / s, with μ_g over the group of rollout i.
 *
 * s is the batch's standard deviation σ, or 1, or the group's share of right answers p_g: the expected
 * reward of a task has the gradient ∇p, its log-likelihood ∇p / p, so that maximum likelihood weighs
 * hard tasks more. A group without a right answer then has advantage 0.
 */
export function advantagesOf(
  rollouts: readonly AdvantageInput[],
  { baseline: kind, scale }: AdvantageOptions,
): { readonly advantages: number[]; readonly baseline: Baseline } {
  const baseline = baselineOf(rollouts.map(({ reward }) => reward));
  if (baseline.standardDeviation < SMALLEST_DEVIATION) {
    return { advantages: rollouts.map(() => 0), baseline };
  }
  const groups = groupsOf(rollouts);
  const advantages = rollouts.map(({ reward, group }) => {
    const { mean, rate } = groups.get(group)!;
    const difference = reward - (kind === 'group' ? mean : baseline.mean);
    switch (scale) {
      case 'deviation':
        return difference / baseline.standardDeviation;
      case 'group-rate':
        return rate === 0 ? 0 : difference / rate;
      case 'none':
        return difference;
    }
  });
  return { advantages, baseline };
}

/** Mean reward and share of right answers of each group. */
function groupsOf(
  rollouts: readonly AdvantageInput[],
): Map<number, { readonly mean: number; readonly rate: number }> {
  const members = new Map<number, AdvantageInput[]>();
  for (const rollout of rollouts) {
    const group = members.get(rollout.group);
    if (group) group.push(rollout);
    else members.set(rollout.group, [rollout]);
  }
  return new Map(
    [...members].map(([group, rows]) => [
      group,
      {
        mean: baselineOf(rows.map(({ reward }) => reward)).mean,
        rate: rows.filter(({ correct }) => correct).length / rows.length,
      },
    ]),
  );
}

/** A reward as the sum of two: what its form cost, and what its role earned where the form was right. */
export interface RewardParts {
  /** 0 for a proposal that became a task, else −0.5 or −1 (paper eq. 6). */
  readonly form: number;
  /** Absent where the form term stands in its place. */
  readonly role?: number;
}

/**
 * Advantages whose two parts are normalised apart: A_i = (f_i − μ_f) / σ_f + (l_i − μ_l) / σ_l, with f
 * over the whole batch and l over the rollouts that have it; the others get nothing for it. Otherwise
 * being valid or not, which most of the variance comes from, drowns what eq. 4 says. A part without
 * variance adds nothing.
 */
export function advantagesApart(parts: readonly RewardParts[]): {
  readonly advantages: number[];
  readonly form: Baseline;
  readonly role: Baseline;
} {
  const form = baselineOf(parts.map((part) => part.form));
  const role = baselineOf(parts.flatMap((part) => part.role ?? []));
  const advantages = parts.map(
    (part) => standardised(part.form, form) + standardised(part.role ?? role.mean, role),
  );
  return { advantages, form, role };
}

function standardised(value: number, { mean, standardDeviation }: Baseline): number {
  return standardDeviation < SMALLEST_DEVIATION ? 0 : (value - mean) / standardDeviation;
}
