/** JSON as nobody would write it, for whatever reads what others wrote. */

/** Numbers in [0, 1), the same for the same seed: mulberry32. */
export function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `value` with some of it replaced by random JSON. */
export function mutated(value: unknown, random: () => number): unknown {
  if (random() < 0.2 || typeof value !== 'object' || value === null) {
    return random() < 0.3 ? value : randomJson(random, 3);
  }
  if (Array.isArray(value)) return value.map((item) => mutated(item, random));
  const entries = Object.entries(value).filter(() => random() < 0.9);
  if (random() < 0.1) entries.push([`__proto__${String(random())}`, 1]);
  return Object.fromEntries(entries.map(([key, item]) => [key, mutated(item, random)]));
}

function randomJson(random: () => number, depth: number): unknown {
  const choices: (() => unknown)[] = [
    () => null,
    () => random() < 0.5,
    () => Math.round(random() * 1000) - 500,
    () => random() * 1e300,
    () => 'x'.repeat(Math.floor(random() * 50)),
    () => '\u0000\ud800\u202e',
    () => (depth === 0 ? [] : [randomJson(random, depth - 1)]),
    () => (depth === 0 ? {} : { kind: 'task', [String(random())]: randomJson(random, depth - 1) }),
  ];
  return choices[Math.floor(random() * choices.length)]!();
}
