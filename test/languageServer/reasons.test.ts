import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import { REJECTION_REASONS, VERDICT_REASONS } from '../../server/protocol/vocabulary.ts';
import { explanationOf } from '../../server/src/languageServer/features/explanations.ts';
import { readReasonPage, reasonPage } from '../../server/src/languageServer/documents/reasons.ts';

const REASONS = [...new Set<string>([...REJECTION_REASONS, ...VERDICT_REASONS])];

describe('the page of reasons', () => {
  it.each(REASONS)('explains %s, and its link leads there', (reason) => {
    const page = reasonPage();
    expect(page.explanation(reason)).toMatch(/\.$/);
    const link = new URL(page.link(reason)!);
    const lines = readFileSync(fileURLToPath(new URL(link.pathname, link)), 'utf8').split('\n');
    expect(lines[Number(link.hash.slice(2)) - 1]).toBe(`## ${reason}`);
  });

  it('explains nothing that is no reason', () => {
    const text = readFileSync('docs/reasons.md', 'utf8');
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings.toSorted()).toEqual(REASONS.toSorted());
  });

  it('may be missing', () => {
    const page = readReasonPage(path.join('nowhere', 'reasons.md'));
    expect(page.explanation('timeout')).toBeUndefined();
    expect(page.link('timeout')).toBeUndefined();
  });

  it('ships with the extension', () => {
    expect(readFileSync('.vscodeignore', 'utf8')).toContain('!docs/reasons.md\n');
  });
});

describe('hovers', () => {
  it('explain the words of headers', () => {
    expect(explanationOf('learnability')).toContain('eq. 4');
    expect(explanationOf('rejection:timeout')).toContain('cpuMs');
    expect(explanationOf('reason:equal')).toContain('expected value');
    expect(explanationOf('nothing')).toBeUndefined();
  });
});
