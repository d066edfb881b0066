/** What is known of a run while it goes on, gathered from its events. */
import type { Phase, RunEvent } from '../../../protocol/events.ts';
import type { MetricRecord } from '../../../protocol/records.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { PACE_STEPS, paceOf, remainingMs } from '../../runs/pace.ts';
import { PhasePace } from '../../runs/phasePace.ts';
import { durationText, percentText } from '../terminal/terminalText.ts';

export interface PhaseProgress {
  readonly phase: Phase;
  readonly step: number;
  readonly done: number;
  readonly total: number;
  /** By how fast the phase went so far. */
  readonly remainingMs?: number;
}

export type TaskEvent = Extract<RunEvent, { kind: 'task' }>;
type StepEvent = Extract<RunEvent, { kind: 'step' }>;

export class RunProgress {
  readonly settings: RunSettings;
  readonly folder: string;
  /** The last committed step; −1 before the first. */
  step = -1;
  phase: PhaseProgress | undefined;
  lastTask: TaskEvent | undefined;
  lastNotice: string | undefined;
  /** Greedy solve rates of the held-out tasks in [0, 1], oldest first. */
  get heldOut(): number[] {
    return this.#heldOut.map(({ value }) => value);
  }
  /** The latest value of every metric, by name. */
  readonly metrics = new Map<string, number>();
  readonly #recent: StepEvent[] = [];
  readonly #pace = new PhasePace();
  #heldOut: MetricRecord[];

  /** `heldOut` are the measurements made before this session. */
  constructor(settings: RunSettings, folder: string, heldOut: readonly MetricRecord[]) {
    this.settings = settings;
    this.folder = folder;
    this.#heldOut = [...heldOut];
  }

  apply(event: RunEvent): void {
    switch (event.kind) {
      case 'phase': {
        const remainingMs = this.#pace.remainingMs(event);
        this.phase = { ...event, ...(remainingMs !== undefined && { remainingMs }) };
        break;
      }
      case 'task':
        this.lastTask = event;
        break;
      case 'step':
        this.#applyStep(event);
        break;
      case 'notice':
      case 'finished':
        this.lastNotice = event.message;
        break;
    }
  }

  get tokensPerSecond(): number | undefined {
    return paceOf(this.#recent)?.tokensPerSecond;
  }

  /** How long the remaining steps take at the present pace. */
  get remainingMs(): number | undefined {
    const pace = paceOf(this.#recent);
    return pace === undefined ? undefined : remainingMs(pace, this.step, this.settings.steps);
  }

  #applyStep(event: StepEvent): void {
    this.step = event.step;
    this.phase = undefined;
    // A resumed run does some steps again; what was measured then is measured again.
    this.#heldOut = this.#heldOut.filter(({ step }) => step < event.step);
    for (const metric of event.metrics) {
      this.metrics.set(metric.name, metric.value);
      if (metric.name === 'probe.greedy.mean') this.#heldOut.push(metric);
    }
    // The seeding is not a step like the others and would spoil the estimate of what is left.
    if (event.step === 0) return;
    this.#recent.push(event);
    if (this.#recent.length > PACE_STEPS) this.#recent.shift();
  }
}

/** What a terminal calls the phases. */
const PHASE_TEXTS: Readonly<Record<Phase, string>> = {
  seed: 'seeding the buffers',
  propose: 'proposing tasks',
  validate: 'validating proposals',
  estimate: 'solving new tasks',
  solve: 'solving again',
  update: 'updating the policy',
  probe: 'measuring held-out tasks',
  checkpoint: 'saving a checkpoint',
};

/** Such as `measuring held-out tasks 360/1440 · 20 s left`. */
export function phaseText({ phase, done, total, remainingMs }: PhaseProgress): string {
  const isOver = remainingMs === undefined || remainingMs < 1000;
  const left = isOver ? '' : ` · ${durationText(remainingMs)} left`;
  return `${PHASE_TEXTS[phase]} ${String(done)}/${String(total)}${left}`;
}

/** The latest pass@k of the held-out tasks, such as `pass@4 62 %`; undefined before there is one. */
export function passKText({ metrics, settings }: RunProgress): string | undefined {
  const passK = metrics.get('probe.passK.mean');
  return passK === undefined ? undefined : `pass@${settings.probeSamples} ${percentText(passK)}`;
}
