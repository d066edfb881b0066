/**
 * Held-out tasks, looked through. Executing hundreds of them takes as long as a third of an engine's
 * start, so those that the same sandbox once found right, by the same rules, are remembered.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { heldOutSetOf, inspectHeldOut } from '../method/measuring/inspectHeldOut.ts';
import { CONSTRUCT_NAME } from '../../protocol/constructs.ts';
import type { HeldOutSet, HeldOutTask, InspectedTask } from '../../protocol/heldOut.ts';
import { keepInCache, userCache } from '../files/userCache.ts';
import { assetRoot } from '../machine/assets.ts';
import type { OpenGrader } from './openGrader.ts';

/** Empty of a task in words. */
const DIGEST = /^(?:[0-9a-f]{16,})?$/;

/** What validation found of a held-out task's program. */
type Finding = Pick<InspectedTask, 'structure' | 'template' | 'constructs' | 'syntaxNodes'>;

/** Rejects like {@link inspectHeldOut}; a set with a wrong task is never remembered. */
export async function heldOutSet(
  { grader, ...graded }: Pick<OpenGrader, 'grader' | 'sandbox' | 'limits' | 'rules'>,
  tasks: readonly HeldOutTask[],
  signal: AbortSignal,
  folder: string | undefined = userCache('held-out'),
): Promise<HeldOutSet> {
  if (tasks.length === 0 || folder === undefined) return inspectHeldOut(grader, tasks, signal);
  const file = path.join(folder, `${await keyOf(graded, tasks)}.json`);
  const remembered = await findingsIn(file, tasks.length);
  if (remembered !== undefined) {
    return heldOutSetOf(tasks.map((task, index) => ({ ...task, ...remembered[index]! })));
  }
  const inspected = await inspectHeldOut(grader, tasks, signal);
  const findings = inspected.tasks.map(
    ({ structure, template, constructs, syntaxNodes }): Finding => ({
      structure,
      template,
      constructs,
      syntaxNodes,
    }),
  );
  await keepInCache(file, JSON.stringify(findings));
  return inspected;
}

/** Of all that the tasks and their digests were found with. */
async function keyOf(
  { sandbox, limits, rules }: Pick<OpenGrader, 'sandbox' | 'limits' | 'rules'>,
  tasks: readonly HeldOutTask[],
): Promise<string> {
  const { engine, pythonVersion } = sandbox.description;
  const root = assetRoot();
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  const hash = createHash('sha256');
  hash.update(JSON.stringify([version, engine, pythonVersion, limits, rules, tasks]));
  const harness = path.join(root, 'server', 'sandbox', 'harness');
  const names = (await readdir(harness)).filter((name) => name.endsWith('.py')).sort();
  const files = [...names.map((name) => path.join(harness, name)), interpreterManifest(root)];
  for (const file of files) hash.update(`\0${path.basename(file)}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 32);
}

function interpreterManifest(root: string): string {
  return path.join(root, 'server', 'sandbox', 'wasm', 'manifest.json');
}

async function findingsIn(file: string, count: number): Promise<readonly Finding[] | undefined> {
  try {
    const findings = JSON.parse(await readFile(file, 'utf8')) as unknown;
    if (!Array.isArray(findings) || findings.length !== count) return undefined;
    return findings.every(isFinding) ? findings : undefined;
  } catch {
    return undefined;
  }
}

function isFinding(value: unknown): value is Finding {
  if (typeof value !== 'object' || value === null) return false;
  const { structure, template, constructs, syntaxNodes } = value as Partial<
    Record<keyof Finding, unknown>
  >;
  const isDigest = (text: unknown) => typeof text === 'string' && DIGEST.test(text);
  return (
    isDigest(structure) &&
    isDigest(template) &&
    Array.isArray(constructs) &&
    constructs.every((name) => typeof name === 'string' && CONSTRUCT_NAME.test(name)) &&
    Number.isSafeInteger(syntaxNodes)
  );
}
