/** Where the events of a run go: the screen, plain lines, or JSON. */
import type { RunEvent } from '../../../protocol/events.ts';
import type { RunSummary } from '../../runs/runSummary.ts';

export interface RunView {
  show(event: RunEvent): void;
  /** Shows how it ended; the view is not used afterwards. */
  end(summary: RunSummary | undefined): void;
}
