import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { formatLiteral } from '../../server/src/literal/format.ts';
import { parseLiteral } from '../../server/src/literal/parse.ts';
import { damage, Random, randomSource, randomValue } from './randomLiterals.ts';

const REFERENCE = fileURLToPath(new URL('fixtures/literalReference.py', import.meta.url));

/** Where the two grammars are meant to differ: see the header of parse.ts. */
function meantToDiffer(text: string): boolean {
  return (
    /\bnan\b|\binf\b|\.\.\.|\\N|frozenset|float|set\s*\(\s*[^)\s]/.test(text) ||
    // literal_eval refuses values beyond a double's range in ways of its own, and CPython its digits.
    /\d{300}/.test(text) ||
    // A control character outside a string: CPython has several opinions, by version.
    // eslint-disable-next-line no-control-regex -- these are the characters in question
    /[\x00\x0c]/.test(text)
  );
}

test('over 50,000 texts are read as ast.literal_eval reads them', () => {
  const random = new Random(7);
  const cases = Array.from({ length: 60_000 }, (_, index) => {
    const sound = index % 3 === 0 ? formatLiteral(randomValue(random, 2)) : randomSource(random, 2);
    const text = (index % 2 === 0 ? sound : damage(random, sound)).trim();
    const parsed = parseLiteral(text);
    return { text, rewritten: parsed.ok ? formatLiteral(parsed.value) : null };
  }).filter(({ text, rewritten }) => !meantToDiffer(text) && !/\binf/.test(rewritten ?? ''));
  const input = cases.map(({ text, rewritten }) => JSON.stringify([text, rewritten])).join('\n');
  const { stdout, stderr } = spawnSync('python3', ['-I', REFERENCE], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const verdicts = stdout.trim().split('\n');
  expect(stderr).toBe('');
  expect(verdicts).toHaveLength(cases.length);

  expect(cases.length).toBeGreaterThan(50_000);

  const disagreements = cases.flatMap(({ text, rewritten }, index) => {
    const agreed = verdicts[index] === (rewritten === null ? 'refused' : 'same');
    const ours = rewritten ?? 'refused';
    return agreed ? [] : [`${JSON.stringify(text)}: ours ${ours}, CPython ${verdicts[index]}`];
  });
  expect(disagreements.slice(0, 20)).toEqual([]);
  expect(verdicts.filter((verdict) => verdict === 'same').length).toBeGreaterThan(10_000);
  expect(verdicts.filter((verdict) => verdict === 'refused').length).toBeGreaterThan(10_000);
});
