/** `runner.json`: where the runner of a run listens. It may outlive its runner and proves nothing. */
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';

import type { RunnerAddress } from '../../protocol/runnerMessages.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { writeJsonAtomically } from '../files/writeJsonAtomically.ts';
import { processStatus } from './processIdentity.ts';
import { readNote } from '../files/readNote.ts';
import type { RunFolder } from './runFolder.ts';

/** Why a runner cannot be reached at its address. */
export type Staleness =
  /** The process is gone. */
  | 'ended'
  /** It was written on another machine, and the folder was copied or is shared. */
  | 'other-host'
  /** The runner speaks another version of the protocol; it may well be alive. */
  | 'other-protocol';

/** What stands in `runner.json`; undefined when there is none, or none that makes sense. */
export function readRunnerAddress(run: RunFolder): RunnerAddress | undefined {
  const value = readNote(run.owner);
  return isRunnerAddress(value) ? value : undefined;
}

export function writeRunnerAddress(run: RunFolder, address: RunnerAddress): void {
  writeJsonAtomically(run.owner, address);
}

export function removeRunnerAddress(run: RunFolder): void {
  rmSync(run.owner, { force: true });
}

/** What can be said against `address` without knocking; undefined when it is worth a try. */
export function stalenessOf(address: RunnerAddress): Staleness | undefined {
  if (address.hostName !== hostname()) return 'other-host';
  if (processStatus(address.pid, address.startedAt) === 'ended') return 'ended';
  return address.protocolVersion === PROTOCOL_VERSION ? undefined : 'other-protocol';
}

function isRunnerAddress(value: unknown): value is RunnerAddress {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startedAt, hostName, protocolVersion, port, token } = value as Partial<
    Record<keyof RunnerAddress, unknown>
  >;
  return (
    Number.isSafeInteger(pid) &&
    typeof startedAt === 'string' &&
    typeof hostName === 'string' &&
    typeof protocolVersion === 'number' &&
    (port === undefined || isPort(port)) &&
    typeof token === 'string' &&
    /^[0-9a-f]{64}$/.test(token)
  );
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}
