/** `replay.json`: which run a folder plays back, and how fast. */
import path from 'node:path';

import { readNote } from '../files/readNote.ts';
import type { RunFolder } from './runFolder.ts';

/** `replay.json` of a replay. */
export interface Replay {
  /** Folder of the run that is shown. */
  readonly source: string;
  /** How many times faster than it happened; Infinity is as fast as can be, and null in JSON. */
  readonly speed: number;
}

/** What a folder replays; undefined when it holds no replay. */
export function replayIn(run: RunFolder): Replay | undefined {
  const value = readNote(run.replay);
  if (typeof value !== 'object' || value === null || !('source' in value)) return undefined;
  const speed = 'speed' in value && typeof value.speed === 'number' ? value.speed : Infinity;
  return typeof value.source === 'string' ? { source: value.source, speed } : undefined;
}

/** Name of the run that a folder replays, if it does. */
export function replayedName(run: RunFolder): string | undefined {
  const replay = replayIn(run);
  return replay && path.basename(replay.source);
}
