import type { RunSteering } from '../../run/runSteering.ts';

/** What a person is told when the run is about to stop or to pause; undefined while it just runs. */
export function steeringMessage({ state, stopWanted, held }: RunSteering): string | undefined {
  if (held !== undefined) return `${held.message} ${held.remedy}`;
  if (stopWanted === 'now') {
    return 'Stopping at once. What was committed stays; the step under way is dropped.';
  }
  switch (state) {
    case 'stopping':
      return 'Finishing this step and saving a checkpoint, then stopping. Ctrl-C again stops at once.';
    case 'pausing':
      return 'Finishing this step and saving a checkpoint, then pausing.';
    case 'paused':
      return 'Paused, with the engine kept ready; it goes on from where it was paused, and Ctrl-C stops it.';
    default:
      return undefined;
  }
}
