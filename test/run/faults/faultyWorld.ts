/** The real command line as a process, with a scripted engine in the place of torch. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

import type { RunEvent } from '../../../server/protocol/events.ts';
import { programPath } from '../../programs/programs.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
const NANO = path.join(ROOT, 'server/models/azr-nano');

export type AzrEvent =
  RunEvent | { readonly kind: 'failure'; readonly code: string; readonly remedy?: string };

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly events: readonly AzrEvent[];
}

export class FaultyWorld {
  readonly model: string;
  readonly #folder: string;
  readonly #children = new Set<ChildProcess>();

  constructor(folder: string) {
    this.#folder = folder;
    this.model = path.join(folder, 'model');
    this.#makeModel();
    this.#makePython();
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  /** Starts `azr <arguments> --json`. */
  start(argumentList: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', programPath('cli'), ...argumentList, '--json'],
      {
        cwd: this.#folder,
        env: {
          ...process.env,
          AZR_PYTHON: path.join(this.#folder, 'python'),
          NODE_COMPILE_CACHE: path.join(this.#folder, 'compiled'),
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#children.add(child);
    child.stderr.resume();
    return child;
  }

  /** Runs `azr <arguments> --json` to its end; `onEvent` sees its events as they come. */
  async azr(
    argumentList: readonly string[],
    onEvent: (event: AzrEvent, child: ChildProcess) => void = () => undefined,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const child = this.start(argumentList, environment);
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
    const events: AzrEvent[] = [];
    for await (const line of createInterface(child.stdout)) {
      const event = parsed(line);
      if (event === undefined) continue;
      events.push(event);
      onEvent(event, child);
    }
    const [code, signal] = await exit;
    this.#children.delete(child);
    return { code, signal, events };
  }

  #makeModel(): void {
    mkdirSync(this.model);
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
      copyFileSync(path.join(NANO, name), path.join(this.model, name));
    }
    writeFileSync(path.join(this.model, 'config.json'), '{}');
    const facts = { dialect: 'compact', trainable: 'full', maximumProposalTokens: 100 };
    writeFileSync(path.join(this.model, 'azr-model.json'), JSON.stringify(facts));
  }

  /** A Python that knows one module, the engine, and says of itself that it has all packages. */
  #makePython(): void {
    const facts = JSON.stringify({ versions: {}, device: 'cpu' });
    const script = `#!/bin/sh
if [ "$1" = -c ]; then echo '${facts}'; exit 0; fi
shift 2
exec "${process.execPath}" "${programPath('scriptedTinker')}" "$@"
`;
    writeFileSync(path.join(this.#folder, 'python'), script, { mode: 0o755 });
  }
}

function parsed(line: string): AzrEvent | undefined {
  try {
    const value = JSON.parse(line) as { kind?: string; error?: { code: string; remedy?: string } };
    if (value.error !== undefined) return { kind: 'failure', ...value.error };
    return value as AzrEvent;
  } catch {
    // A line that was cut short by a kill.
    return undefined;
  }
}

/** Process ids of what `pid` started, by the program each runs. */
export function startedBy(pid: number): {
  readonly engines: number[];
  readonly sandboxes: number[];
} {
  return {
    engines: childrenRunning(pid, 'scriptedTinker.mjs'),
    sandboxes: childrenRunning(pid, 'sandboxWorker.mjs'),
  };
}

/** Process ids of what `pid` started whose command line has `text` in it. */
export function childrenRunning(pid: number, text: string): number[] {
  return childrenOf(pid).filter((child) => commandOf(child).includes(text));
}

function childrenOf(pid: number): number[] {
  const file = `/proc/${String(pid)}/task/${String(pid)}/children`;
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .split(' ')
        .map(Number)
        .filter((child) => child > 0)
    : [];
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${String(pid)}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
