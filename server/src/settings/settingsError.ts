/** What is wrong with the settings of a run, all of it at once. */
import { ProblemError } from '../../protocol/problem.ts';
import type { SettingName } from './settingsSchema.ts';

export interface SettingsProblem {
  /** The key it is about; absent when it is about the file as a whole. */
  readonly setting?: string;
  /** A whole sentence that names the key and what is allowed. */
  readonly message: string;
}

/** `invalid-settings`, with everything that is wrong. */
export class SettingsError extends ProblemError {
  readonly problems: readonly SettingsProblem[];

  /** `source` says where the settings come from, for example the path of the run file. */
  constructor(source: string, problems: readonly SettingsProblem[]) {
    super({
      code: 'invalid-settings',
      message: problems.map((problem) => `${source}: ${problem.message}`).join('\n'),
      remedy: '"azr schema" lists every setting with its range and its default.',
    });
    this.problems = problems;
  }
}

/** The known setting that `name` was most likely meant to be, if one is near enough. */
export function nearestSetting(
  name: string,
  settings: readonly SettingName[],
): SettingName | undefined {
  const lowered = name.toLowerCase();
  const ranked = settings
    .map((setting) => ({ setting, distance: editDistance(lowered, setting.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const [best] = ranked;
  const farthest = Math.max(2, Math.floor(name.length / 3));
  return best !== undefined && best.distance <= farthest ? best.setting : undefined;
}

/** Levenshtein distance: fewest insertions, deletions and substitutions of single characters. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const substitution = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}
