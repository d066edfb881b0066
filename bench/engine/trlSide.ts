/** The peer: TRL's GRPOTrainer in a process of its own, told when to make its next update. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { execa } from 'execa';

import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { GpuMemory } from './gpuMemory.ts';
import type { Side } from './side.ts';
import type { Workload } from './workload.ts';

interface PeerUpdate {
  readonly seconds: number;
  readonly generationSeconds: number;
  readonly completionTokens: number;
  readonly promptTokens: number;
  readonly peakMemoryKb: number;
}

interface PeerReady {
  readonly microBatch: number;
  readonly threads: number;
}

/** Starts the peer, which first finds its fastest micro-batch; `updates` is how many it will be asked for. */
export async function openTrlSide(
  python: string,
  workload: Workload,
  updates: number,
  folder: string,
): Promise<Side & PeerReady> {
  const request = path.join(folder, 'trl.json');
  const prompts = workload.prompts.map((prompt) =>
    prompt.kind === 'text' ? prompt.text : prompt.messages,
  );
  await writeFile(request, JSON.stringify({ ...workload, prompts, updates }));
  const peer = execa(python, [path.join(import.meta.dirname, 'trl_peer.py'), request], {
    ...pythonStart({
      variables: {
        ...{ HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false', PYTHONDONTWRITEBYTECODE: '1' },
      },
    }),
    buffer: { stdout: false, stderr: true },
    reject: false,
  });
  const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const answer = async <Answer>(): Promise<Answer> => {
    const line = await lines.next();
    if (line.done !== true) return JSON.parse(line.value) as Answer;
    const said = (await peer).stderr.trim().split('\n').slice(-12).join('\n');
    throw new Error(`TRL ended before it answered:\n${said}`);
  };
  const { microBatch, threads } = await answer<PeerReady>();
  const memory = new GpuMemory(peer.pid);
  return {
    name: 'TRL GRPOTrainer',
    microBatch,
    threads,
    async update() {
      peer.stdin.write('go\n');
      const update = await answer<PeerUpdate>();
      return {
        generationSeconds: update.generationSeconds,
        trainingSeconds: update.seconds - update.generationSeconds,
        completionTokens: update.completionTokens,
        promptTokens: update.promptTokens,
        peakMemoryMb:
          (await memory.peakMb()) ??
          update.peakMemoryKb / (process.platform === 'darwin' ? 2 ** 20 : 1024),
      };
    },
    async close() {
      peer.stdin.end();
      await peer;
    },
  };
}
