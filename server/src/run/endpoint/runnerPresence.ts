/**
 * A runner at work on a run, as everybody else sees it: it holds the run's lock, listens at the
 * address in `runner.json`, tells what happens, and leaves a note of how it ended.
 */
import { hostname } from 'node:os';

import type { RunListener } from '../../../protocol/events.ts';
import type { ToRunner } from '../../../protocol/runnerMessages.ts';
import { PROTOCOL_VERSION } from '../../../protocol/version.ts';
import { ownStart } from '../../runFolder/processIdentity.ts';
import type { RunFolder } from '../../runFolder/runFolder.ts';
import { RunLock } from '../../runFolder/runLock.ts';
import { removeRunnerAddress, writeRunnerAddress } from '../../runFolder/runnerAddress.ts';
import { RunnerEndpoint } from './runnerEndpoint.ts';
import { removeLeftoverSockets, runnerSocketFolders } from '../../runFolder/runnerSocket.ts';
import { removeRunOutcome, type RunOutcome, writeRunOutcome } from '../../runFolder/runOutcome.ts';
import type { RunSteering } from '../runSteering.ts';

export class RunnerPresence {
  readonly #run: RunFolder;
  readonly #lock: RunLock;
  readonly #steering: RunSteering;
  #endpoint: RunnerEndpoint | undefined;
  #stopListening: () => void = () => undefined;
  #sequence = 0;

  private constructor(run: RunFolder, lock: RunLock, steering: RunSteering) {
    this.#run = run;
    this.#lock = lock;
    this.#steering = steering;
  }

  /** Throws ProblemError `run-in-use` when another runner works on the run. */
  static async open(run: RunFolder, steering: RunSteering): Promise<RunnerPresence> {
    const presence = new RunnerPresence(run, RunLock.acquire(run), steering);
    try {
      await presence.#appear();
      return presence;
    } catch (error) {
      presence.#lock.release();
      throw error;
    }
  }

  /** Passes events on to `listener` first and to all viewers after. */
  announcing(listener: RunListener): RunListener {
    return (event) => {
      listener(event);
      this.#endpoint?.publish(event);
    };
  }

  /** Something was committed; `sequence` is the database's number of it. */
  committed(sequence: number): void {
    this.#sequence = sequence;
  }

  /**
   * Leaves in such an order that a viewer, who hears of the end when the connection closes, finds the
   * outcome and no address any more.
   */
  async close(outcome: RunOutcome): Promise<void> {
    this.#stopListening();
    try {
      writeRunOutcome(this.#run, outcome);
      removeRunnerAddress(this.#run);
      await this.#endpoint?.close();
    } finally {
      this.#lock.release();
    }
  }

  async #appear(): Promise<void> {
    removeRunOutcome(this.#run);
    const folders = runnerSocketFolders();
    for (const folder of folders) await removeLeftoverSockets(folder);
    const endpoint = await RunnerEndpoint.open(
      {
        state: () => this.#steering.state,
        held: () => this.#steering.held,
        sequence: () => this.#sequence,
        onCommand: (message) => {
          onCommand(this.#steering, message);
        },
      },
      folders,
    );
    this.#endpoint = endpoint;
    this.#stopListening = this.#steering.onChange(() => {
      endpoint.publishState();
    });
    try {
      writeRunnerAddress(this.#run, {
        pid: process.pid,
        startedAt: ownStart(),
        hostName: hostname(),
        protocolVersion: PROTOCOL_VERSION,
        ...(endpoint.port !== undefined && { port: endpoint.port }),
        token: endpoint.token,
      });
    } catch (error) {
      await endpoint.close();
      throw error;
    }
  }
}

function onCommand(steering: RunSteering, message: ToRunner): void {
  switch (message.kind) {
    case 'stop':
      steering.stop(message.when);
      break;
    case 'pause':
      steering.pause();
      break;
    case 'resume':
      steering.resume();
      break;
  }
}
