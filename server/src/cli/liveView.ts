/**
 * The live view: redraws in place on the terminal's second screen, so that the scroll-back stays as
 * it was and a resize cannot leave pieces behind.
 */
import type { WriteStream } from 'node:tty';

import { liveFrame } from './liveFrame.ts';
import type { RunProgress } from './runProgress.ts';
import type { RunView } from './runView.ts';
import { summaryText } from './summaryText.ts';
import { paintFor } from './terminalText.ts';

const REDRAW_MS = 100;

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Terminals that know mode 2026 show a frame only when it is complete; the others ignore it. */
const BEGIN_FRAME = '\u001b[?2026h\u001b[H';
const END_FRAME = '\u001b[J\u001b[?2026l';
const END_OF_LINE = '\u001b[K';

export function liveView(
  output: WriteStream,
  progress: RunProgress,
  steering: () => string | undefined,
): RunView {
  const paint = paintFor(output);
  let timer: NodeJS.Timeout | undefined;
  let open = true;

  const frame = (): string[] => liveFrame(progress, steering(), sizeOf(output), paint);
  const draw = (): void => {
    timer = undefined;
    const lines = frame().map((line) => line + END_OF_LINE);
    output.write(BEGIN_FRAME + lines.join('\r\n') + END_FRAME);
  };
  const schedule = (): void => {
    timer ??= setTimeout(draw, REDRAW_MS);
  };
  const leave = (): void => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    output.off('resize', schedule);
    process.off('exit', leave);
    output.write(LEAVE);
  };

  output.write(ENTER);
  output.on('resize', schedule);
  // However the process ends, the user gets the terminal back as it was.
  process.on('exit', leave);
  draw();
  return {
    show(event) {
      progress.apply(event);
      schedule();
    },
    end(summary) {
      leave();
      output.write(`${frame().join('\n')}\n`);
      if (summary !== undefined) output.write(`\n${summaryText(summary, progress.folder)}\n`);
    },
  };
}

function sizeOf(output: WriteStream) {
  return { columns: output.columns, rows: output.rows };
}
