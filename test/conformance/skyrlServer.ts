/** A real SkyRL server with its JAX backend, on the loopback interface, for as long as it is needed. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { execa } from 'execa';

import { TinkerClient } from '../../server/src/engine/tinker/tinkerClient.ts';
import { SKYRL_ENVIRONMENT } from './skyrlEnvironment.ts';

const START_MS = 1_800_000;
const POLL_MS = 2_000;

/** Few shapes, since each is compiled: batches of samples are filled up, sequences are few. */
const BACKEND = { max_lora_adapters: 4, max_lora_rank: 8, sample_max_num_sequences: 8 };

export interface SkyrlServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Resolves when it answers; `folder` takes its database, its checkpoints and its log. */
export async function startSkyrl(modelFolder: string, folder: string): Promise<SkyrlServer> {
  const port = await freePort();
  const binaries = path.join(SKYRL_ENVIRONMENT, 'bin');
  const log = path.join(folder, 'skyrl.log');
  const child = execa(
    path.join(binaries, 'uv'),
    [
      // There is no project to resolve; `--active` takes the environment as it was installed.
      ...['run', '--active', '--no-project', '-m', 'skyrl.tinker.api'],
      ...['--host', '127.0.0.1', '--port', String(port), '--base-model', modelFolder],
      ...['--backend', 'jax', '--backend-config', JSON.stringify(BACKEND)],
      ...['--checkpoints-base', path.join(folder, 'checkpoints')],
      ...['--database-url', `sqlite:///${path.join(folder, 'tinker.db')}`],
    ],
    {
      cwd: folder,
      env: {
        // It starts its engine by the name `uv`.
        PATH: `${binaries}${path.delimiter}${process.env['PATH'] ?? ''}`,
        VIRTUAL_ENV: SKYRL_ENVIRONMENT,
        UV_OFFLINE: '1',
        UV_PYTHON_DOWNLOADS: 'never',
        HF_HUB_OFFLINE: '1',
        JAX_PLATFORMS: 'cpu',
      },
      // A group of its own, so that its engine can be ended with it.
      detached: true,
      reject: false,
      stdout: { file: log },
      stderr: { file: log },
    },
  );
  const close = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await child;
  };
  const url = `http://127.0.0.1:${port}`;
  const client = new TinkerClient({ url, apiKey: '', retries: 0 });
  const deadlineMs = Date.now() + START_MS;
  while (Date.now() < deadlineMs && child.exitCode === null) {
    const answer = await client.get('healthz').catch(() => undefined);
    if (answer !== undefined) return { url, close };
    await sleep(POLL_MS);
  }
  await close();
  throw new Error(`SkyRL did not start; ${log} says why.`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
