/** Answers requests to run something again, and keeps the latest result of each document. */
import { createHash } from 'node:crypto';

import { documentAddress, documentUri } from '../../../protocol/documents.ts';
import type { RerunRequest, RerunResult } from '../../../protocol/reruns.ts';
import { addressOf } from '../documents/documentLibrary.ts';
import type { OpenRuns } from '../openRuns.ts';
import { scratchPlan } from '../scratch/scratchPlan.ts';
import { limitedSettings, requireFewInputs, RERUN_MS, rerunTooLong } from './rerunLimits.ts';
import type { RerunPlan } from './rerunPlan.ts';
import { runPlan } from './runPlan.ts';
import { SandboxOwner } from './sandboxOwner.ts';
import { storedPlan } from './storedPlan.ts';

const KEPT_RESULTS = 200;

interface KeptResult {
  readonly result: RerunResult;
  /** Of a scratch file's text: another text has no result yet. */
  readonly digest?: string;
}

export class Rerunner {
  readonly #runs: OpenRuns;
  readonly #sandboxes: SandboxOwner;
  readonly #done: () => void;
  readonly #results = new Map<string, KeptResult>();
  readonly #closing = new AbortController();

  /** @param done called when a document has a result to show */
  constructor(runs: OpenRuns, done: () => void, sandboxes = new SandboxOwner()) {
    this.#runs = runs;
    this.#done = done;
    this.#sandboxes = sandboxes;
  }

  async rerun({ uri, text, times }: RerunRequest, signal: AbortSignal): Promise<RerunResult> {
    const plan = text === undefined ? this.#storedPlan(uri) : scratchPlan(this.#runs, text);
    requireFewInputs(plan);
    const result = await this.#run(plan, times, signal);
    const key = keyOf(uri);
    this.#results.delete(key);
    this.#results.set(key, { result, ...(text !== undefined && { digest: digestOf(text) }) });
    const [oldest] = this.#results.keys();
    if (this.#results.size > KEPT_RESULTS && oldest !== undefined) this.#results.delete(oldest);
    this.#done();
    return result;
  }

  #storedPlan(uri: string): RerunPlan {
    const address = addressOf(uri);
    return storedPlan(this.#runs.run(address.runId), address);
  }

  async #run(plan: RerunPlan, times: number, signal: AbortSignal): Promise<RerunResult> {
    const { settings, changed } = limitedSettings(plan.settings);
    const limit = new AbortController();
    const result = await this.#sandboxes.use(settings, async (open) => {
      const timer = setTimeout(() => {
        limit.abort(rerunTooLong(plan));
      }, RERUN_MS);
      try {
        const either = AbortSignal.any([signal, this.#closing.signal, limit.signal]);
        return await runPlan(plan, times, open, either);
      } finally {
        clearTimeout(timer);
      }
    });
    return changed.length === 0
      ? result
      : { ...result, sandbox: `${result.sandbox}; ${changed.join(', ')}` };
  }

  /** The latest result of a document; of a scratch file only while its text is the one that was run. */
  resultOf(uri: string, scratchText?: string): RerunResult | undefined {
    const kept = this.#results.get(keyOf(uri));
    if (kept?.digest === undefined || scratchText === undefined) return kept?.result;
    return kept.digest === digestOf(scratchText) ? kept.result : undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sandboxes.close();
  }
}

/** The same for an address however it is written. */
function keyOf(uri: string): string {
  const address = documentAddress(uri);
  return address === undefined ? uri : documentUri(address);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
