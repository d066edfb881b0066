/** Keys by which somebody who watches a run steers it or leaves. */
import type { ReadStream } from 'node:tty';

import type { ToRunner } from '../../../protocol/runnerMessages.ts';
import type { RunState } from '../../../protocol/runs.ts';

export const KEYS_HELP = 's stops after the step · p pauses · Ctrl-C leaves, and the run goes on';

const CTRL_C = '\u0003';

export type KeyWish = ToRunner | { readonly kind: 'leave' };

/** What a key means while the run is in `state`; undefined for a key that means nothing then. */
export function wishOf(key: string, state: RunState): KeyWish | undefined {
  switch (key) {
    case CTRL_C:
    case 'q':
      return { kind: 'leave' };
    case 's':
      return { kind: 'stop', when: state === 'stopping' ? 'now' : 'after-step' };
    case 'p':
      return { kind: state === 'paused' || state === 'pausing' ? 'resume' : 'pause' };
    default:
      return undefined;
  }
}

/** Reads keys one by one; returns what gives the terminal back as it was. */
export function readKeys(input: ReadStream, onKey: (key: string) => void): () => void {
  const listen = (data: Buffer): void => {
    for (const key of data.toString('utf8')) onKey(key);
  };
  const release = (): void => {
    input.setRawMode(false);
  };
  input.setRawMode(true);
  // However the process ends, the user's keys work again.
  process.on('exit', release);
  input.on('data', listen);
  return () => {
    process.off('exit', release);
    input.off('data', listen);
    release();
    input.pause();
  };
}
