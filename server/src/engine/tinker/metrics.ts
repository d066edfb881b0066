/** Metrics of several requests as one set, under the names the loop uses. */
type Metrics = Readonly<Record<string, number>>;

/**
 * The server says after a colon how a metric combines: `:sum` adds up, `:mean` is averaged, here
 * weighted by each request's `tokens:sum`.
 */
export function combineMetrics(forward: readonly Metrics[], step: Metrics): Record<string, number> {
  const combined: Record<string, number> = {};
  const tokens = forward.map((metrics) => metrics['tokens:sum'] ?? 1);
  const allTokens = tokens.reduce((sum, count) => sum + count, 0);
  for (const [index, metrics] of forward.entries()) {
    for (const [name, value] of Object.entries(metrics)) {
      const weight = name.endsWith(':sum') ? 1 : tokens[index]! / allTokens;
      const ours = metricName(name);
      combined[ours] = (combined[ours] ?? 0) + value * weight;
    }
  }
  for (const [name, value] of Object.entries(step)) combined[metricName(name)] = value;
  return combined;
}

/** `grad_norm:mean` and `skyrl.ai/grad_norm` are `gradientNorm`, `clip_fraction:mean` is `clipFraction`. */
function metricName(name: string): string {
  const bare = name
    .replace(/^[a-z.]+\//, '')
    .replace(/:(sum|mean)$/, '')
    .replace(/^grad_/, 'gradient_');
  return bare.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
