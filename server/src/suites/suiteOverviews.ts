/** The suites as a viewer offers them, and their data on this machine. */
import type { SuiteOverview } from '../../protocol/evaluation.ts';
import { userCache } from '../files/userCache.ts';
import { areDataHere, placeOf, suiteBytes } from './data/dataSource.ts';
import { SUITES, suiteNamed } from './suiteTable.ts';

/** Where the data of suites are kept, and what was made of them. */
export function suitesCache(): string {
  return userCache('suites') ?? '';
}

export function suiteOverviews(): SuiteOverview[] {
  return SUITES.map(({ name, title, templates, source }) => ({
    name,
    title,
    templates: templates.map((template) => ({ name: template.name, title: template.title })),
    ...(source !== undefined && {
      data: { from: placeOf(source.from), isHere: areDataHere(source, suitesCache()) },
    }),
  }));
}

/**
 * Brings the data of a suite onto this machine. Rejects with ProblemError `unknown-suite`, `no-suite-data` or
 * `suite-data-changed`, or with the reason of `signal`.
 * @param python runs pip
 */
export async function fetchSuite(name: string, python: string, signal: AbortSignal): Promise<void> {
  const { source } = suiteNamed(name);
  if (source === undefined) return;
  const onProgress = () => undefined;
  await suiteBytes(source, { cacheFolder: suitesCache(), python, signal, onProgress });
}
