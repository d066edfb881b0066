/**
 * McNemar's exact test of two measurements of the same tasks: under the null hypothesis a task whose
 * answer changed is as likely gained as lost. The two-sided p of a binomial with `gained + lost` draws at
 * one half; 1 when nothing changed.
 */
export function mcNemarP(gained: number, lost: number): number {
  const changed = gained + lost;
  // Logarithms, because 2^changed leaves the range of numbers at a thousand tasks.
  let logTerm = -changed * Math.LN2;
  let tail = 0;
  for (let count = 0; count <= Math.min(gained, lost); count += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(changed - count) - Math.log(count + 1);
  }
  return Math.min(1, 2 * tail);
}
