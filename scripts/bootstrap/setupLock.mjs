/**
 * Keeps two set-ups of one folder from running at once. The lock is a file that names its owner; it
 * appears complete, by a hard link, or not at all. A lock whose owner is gone is taken over. Its
 * owner is known by process id and start time, so that a reused id does not look alive.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { interrupted } from './runCommand.mjs';

const POLL_MS = 200;

/**
 * @typedef {object} Owner
 * @property {number} processId
 * @property {string} startTime As the system counts it; empty where it cannot be told.
 * @property {string} host
 */

/**
 * Waits for the lock, then runs the work while holding it.
 * @template T
 * @param {object} options
 * @param {string} options.lockFile
 * @param {AbortSignal} options.signal
 * @param {(message: string) => void} options.note Told once when another set-up must be waited for.
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSetupLock({ lockFile, signal, note }, work) {
  const owner = JSON.stringify(ownerOf(process.pid));
  mkdirSync(path.dirname(lockFile), { recursive: true });
  for (let waits = 0; !take(lockFile, owner); waits += 1) {
    const holder = readLock(lockFile);
    if (holder !== undefined && !isAlive(holder.text)) {
      breakLock(lockFile, holder.text);
      continue;
    }
    if (waits === 0) {
      note('Another set-up of this folder is running; waiting for it to finish.');
    }
    await delay(POLL_MS);
    if (signal.aborted) {
      throw interrupted();
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/**
 * @param {string} lockFile
 * @param {string} owner
 * @returns {boolean} Whether the lock is now ours.
 */
function take(lockFile, owner) {
  const draft = `${lockFile}.${process.pid}`;
  writeFileSync(draft, owner);
  try {
    linkSync(draft, lockFile);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      return false;
    }
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** @param {string} lockFile */
function readLock(lockFile) {
  try {
    return { text: readFileSync(lockFile, 'utf8') };
  } catch {
    return undefined;
  }
}

/**
 * Removes a dead owner's lock. Two waiters may both find it dead; the one that moved a lock which is
 * not the dead one puts it back.
 * @param {string} lockFile
 * @param {string} deadOwner
 */
function breakLock(lockFile, deadOwner) {
  const moved = `${lockFile}.${process.pid}.stale`;
  try {
    renameSync(lockFile, moved);
    if (readFileSync(moved, 'utf8') !== deadOwner) {
      linkSync(moved, lockFile);
    }
  } catch {
    // Another waiter was quicker.
  }
  rmSync(moved, { force: true });
}

/** @param {string} text */
function isAlive(text) {
  /** @type {Owner} */
  let owner;
  try {
    owner = /** @type {Owner} */ (JSON.parse(text));
  } catch {
    return false;
  }
  if (owner.host !== hostname()) {
    return true;
  }
  try {
    process.kill(owner.processId, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return ownerOf(owner.processId).startTime === owner.startTime;
}

/**
 * @param {number} processId
 * @returns {Owner}
 */
function ownerOf(processId) {
  let startTime = '';
  try {
    // Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces, so count from its end.
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    startTime = stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '';
  } catch {
    // Not Linux: the process id alone has to do.
  }
  return { processId, startTime, host: hostname() };
}
