/**
 * The chance that at least one of `k` answers is right, estimated without bias from `samples` answers of
 * which `correct` are: Chen et al. 2021 (arXiv 2107.03374), eq. 1, in the product form of its figure 3,
 * which overflows nowhere. `k` is at most `samples`.
 */
export function passAtK(samples: number, correct: number, k: number): number {
  const wrong = samples - correct;
  if (wrong < k) return 1;
  let allWrong = 1;
  for (let place = wrong + 1; place <= samples; place += 1) allWrong *= 1 - k / place;
  return 1 - allWrong;
}
