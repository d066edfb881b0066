/**
 * The live view: redraws in place on the terminal's second screen, so that the scroll-back stays as
 * it was and a resize cannot leave pieces behind.
 */
import { liveFrame } from './liveFrame.ts';
import type { RunProgress } from './runProgress.ts';
import type { RunView } from './runView.ts';
import { summaryText } from './summaryText.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { TerminalText } from '../terminal/terminalText.ts';

const REDRAW_MS = 100;

export function liveView(
  output: Terminal,
  progress: RunProgress,
  steering: () => string | undefined,
): RunView {
  let timer: NodeJS.Timeout | undefined;
  let open = true;

  const frame = (): TerminalText[] => liveFrame(progress, steering(), output.size, output.paint);
  const draw = (): void => {
    timer = undefined;
    output.frame(frame());
  };
  const schedule = (): void => {
    timer ??= setTimeout(draw, REDRAW_MS);
  };
  const ignoreResizes = output.onResize(schedule);
  const leave = (): void => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    ignoreResizes();
    process.off('exit', leave);
    output.screen('leave');
  };

  output.screen('enter');
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
      for (const line of frame()) output.line(line);
      if (summary !== undefined) output.line(`\n${summaryText(summary, progress.folder)}`);
    },
  };
}
