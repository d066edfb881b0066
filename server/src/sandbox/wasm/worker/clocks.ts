/** The clocks by which programs are measured: read by the thread that runs them and by the main one. */
import type { Clocks } from '../messages.ts';
import type { Measured } from '../../pool/wire.ts';

/**
 * The processor's time is that of the whole worker: the one program that runs in it, and besides
 * V8's compiler, which now and then works beside it on code that is used often.
 */
export function readClocks(): Clocks {
  const { user, system } = process.cpuUsage();
  // Unlike performance.now, this counts from the same moment in every thread.
  return { wallMs: Number(process.hrtime.bigint()) / 1e6, cpuMs: (user + system) / 1000 };
}

/** Time from one reading to another. One program runs on one core: what exceeds wall time was not its own. */
export function between(start: Clocks, end: Clocks): Measured {
  const wallMs = Math.max(0, end.wallMs - start.wallMs);
  return { wallMs, cpuMs: Math.min(wallMs, end.cpuMs - start.cpuMs) };
}
