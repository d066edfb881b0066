/** One frame of the live view, as lines. Nothing here knows how lines get onto a screen. */
import { MODES } from '../../../protocol/vocabulary.ts';
import {
  passKText,
  type PhaseProgress,
  phaseText,
  type RunProgress,
  type TaskEvent,
} from './runProgress.ts';
import {
  durationText,
  type Paint,
  percentText,
  progressBar,
  shown,
  singleLine,
  sparkline,
  TerminalText,
} from '../terminal/terminalText.ts';

const EMPTY = TerminalText.of('');

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

const TABLE_COLUMNS = [
  { title: 'valid', metric: 'proposer.MODE.valid', share: true },
  { title: 'new', metric: 'proposer.MODE.unique', share: true },
  { title: 'solved', metric: 'solver.MODE.solveRate', share: true },
  { title: 'held-out', metric: 'probe.greedy.MODE', share: true },
  { title: 'learnable', metric: 'proposer.MODE.learnability', share: false },
  { title: 'proposer reward', metric: 'proposer.MODE.rewardMean', share: false },
  { title: 'solver reward', metric: 'solver.MODE.rewardMean', share: false },
] as const;

/**
 * At most `size.rows` lines; a line may be longer than the screen is wide. `steering` is what the run
 * is about to do other than to go on.
 */
export function liveFrame(
  progress: RunProgress,
  steering: string | undefined,
  size: FrameSize,
  paint: Paint,
): TerminalText[] {
  const head = [
    ...headLines(progress, size, paint),
    EMPTY,
    ...tableLines(progress, paint),
    ...heldOutLines(progress, size, paint),
    EMPTY,
  ];
  const foot = footLines(progress, steering, paint);
  const room = size.rows - head.length - foot.length;
  const task = progress.lastTask;
  const code = task === undefined ? [] : taskLines(task, progress, paint);
  return [...head, ...clip(code, room), ...foot].slice(0, size.rows);
}

function headLines(progress: RunProgress, size: FrameSize, paint: Paint): TerminalText[] {
  const { settings, phase } = progress;
  const width = Math.max(10, Math.min(40, size.columns - 50));
  const done = Math.max(0, progress.step);
  const remaining = progress.remainingMs;
  const rate = progress.tokensPerSecond;
  const pace = [
    rate !== undefined && `${Math.round(rate).toLocaleString('en-US')} tokens/s`,
    remaining !== undefined && `${durationText(remaining)} left`,
  ];
  return [
    shown`${paint('bold', 'AZR')} ${singleLine(settings.model)} · ${settings.preset} · seed ${settings.seed}`,
    shown`step ${`${done}/${settings.steps}`.padEnd(10)} ${progressBar(done, settings.steps, width)} ${pace.filter((part) => part !== false).join(' · ')}`,
    phaseLine(phase, width, paint),
  ];
}

function phaseLine(phase: PhaseProgress | undefined, width: number, paint: Paint): TerminalText {
  if (phase === undefined) return EMPTY;
  const bar = paint('cyan', progressBar(phase.done, phase.total, width));
  return shown`${' '.repeat(15)} ${bar} ${phaseText(phase)}`;
}

function tableLines({ metrics, settings }: RunProgress, paint: Paint): TerminalText[] {
  const cell = (text: string, column: { title: string }) =>
    text.padStart(Math.max(column.title.length, 6));
  const header = TABLE_COLUMNS.map((column) => cell(column.title, column)).join('  ');
  const rows = MODES.filter((mode) => settings.modes.includes(mode)).map((mode) => {
    const cells = TABLE_COLUMNS.map((column) => {
      const value = metrics.get(column.metric.replace('MODE', mode));
      const text = column.share ? percentText(value) : (value?.toFixed(2) ?? '–');
      return cell(text, column);
    });
    return shown`${mode.padEnd(10)} ${cells.join('  ')}`;
  });
  return [paint('dim', `${' '.repeat(10)} ${header}`), ...rows];
}

function heldOutLines(progress: RunProgress, size: FrameSize, paint: Paint): TerminalText[] {
  const { heldOut } = progress;
  if (heldOut.length === 0) return [];
  const curve = paint('green', sparkline(heldOut, Math.max(8, size.columns - 56)));
  return [
    EMPTY,
    shown`held-out   greedy ${percentText(heldOut[0])} ${curve} ${paint('bold', percentText(heldOut.at(-1)))}  ${passKText(progress) ?? ''}`,
  ];
}

function taskLines(task: TaskEvent, progress: RunProgress, paint: Paint): TerminalText[] {
  const { mode, program, input, output, solveRate } = task;
  const title = shown`${paint('bold', 'last task')} ${paint('dim', `step ${task.step} · ${mode}`)} ${verdicts(solveRate, progress, paint)}`;
  const code = program.split('\n').map((line) => shown`  ${line.replaceAll('\t', '    ')}`);
  const call = shown`  f(${singleLine(input)}) ${paint('dim', '→')} ${singleLine(output)}`;
  return [title, ...code, call];
}

/** A mark per estimation rollout: how many of them were correct. */
function verdicts(
  solveRate: number | undefined,
  { settings }: RunProgress,
  paint: Paint,
): TerminalText {
  if (solveRate === undefined) return EMPTY;
  const correct = Math.round(solveRate * settings.estimationRollouts);
  const wrong = settings.estimationRollouts - correct;
  return shown`${paint('green', '✓'.repeat(correct))}${paint('red', '✗'.repeat(wrong))}`;
}

function footLines(
  progress: RunProgress,
  steering: string | undefined,
  paint: Paint,
): TerminalText[] {
  if (steering !== undefined) return [EMPTY, paint('yellow', singleLine(steering))];
  const notice = progress.lastNotice;
  return notice === undefined ? [] : [EMPTY, paint('dim', singleLine(notice))];
}

/** The first lines that fit, with a mark where some are left out. */
function clip(lines: readonly TerminalText[], room: number): TerminalText[] {
  if (lines.length <= room) return [...lines];
  return room < 2 ? [] : [...lines.slice(0, room - 1), TerminalText.of('  …')];
}
