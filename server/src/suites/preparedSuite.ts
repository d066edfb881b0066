/**
 * Tasks that were made once are remembered: to execute the references of MBPP+ takes minutes. What is kept
 * counts for the same data, sandbox, limits and version only, and as long as it has its checksum.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readSmallFile } from '../files/readFile.ts';
import { keepInCache } from '../files/userCache.ts';
import { assetRoot } from '../machine/assets.ts';
import type { LoadContext, LoadedSuite } from './suite.ts';
import { SUITE_LIMITS, SUITE_RULES } from './suiteRules.ts';

/** Raised with every change of how tasks are made of items, between versions of the product. */
const PREPARATION = 2;
const LARGEST_BYTES = 64 * 2 ** 20;

/** What `prepare` made of these data before, else what it makes now. */
export async function remembered(
  suite: string,
  data: string,
  context: Pick<LoadContext, 'sandbox' | 'cacheFolder'>,
  prepare: () => Promise<LoadedSuite>,
): Promise<LoadedSuite> {
  const key = await keyOf(suite, data, context);
  // In a folder of its own, from which what is old is deleted.
  const file = path.join(context.cacheFolder, 'prepared', `${suite}-${key}.json`);
  const before = await loadedFrom(file);
  if (before !== undefined) return before;
  const loaded = await prepare();
  const json = JSON.stringify(loaded);
  await keepInCache(file, `${sha256(json)}\n${json}`);
  return loaded;
}

async function keyOf(
  suite: string,
  data: string,
  { sandbox }: Pick<LoadContext, 'sandbox'>,
): Promise<string> {
  const { version } = JSON.parse(
    await readFile(path.join(assetRoot(), 'package.json'), 'utf8'),
  ) as { version: string };
  const { engine, pythonVersion } = sandbox.description;
  const rest = [version, PREPARATION, engine, pythonVersion, SUITE_LIMITS, SUITE_RULES, suite];
  const hash = createHash('sha256').update(JSON.stringify(rest)).update(data);
  return hash.digest('hex').slice(0, 32);
}

/** The first line is the checksum of the second. */
async function loadedFrom(file: string): Promise<LoadedSuite | undefined> {
  try {
    const content = await readSmallFile(file, LARGEST_BYTES, 'refuse');
    const end = content.indexOf('\n');
    const json = content.slice(end + 1);
    return content.slice(0, end) === sha256(json) ? (JSON.parse(json) as LoadedSuite) : undefined;
  } catch {
    return undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
