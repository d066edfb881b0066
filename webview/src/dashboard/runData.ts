/**
 * Keeps the curves, the curriculum, the skills and what was learned by the runs on screen up to date:
 * asks for what is new when a run's sequence number grew, one request at a time per run, and for nothing
 * when nothing changed.
 */
import type { EvaluationReport } from '../../../server/protocol/evaluation.ts';
import type { LearningReport } from '../../../server/protocol/learning.ts';
import type { Curriculum, MetricTable, SkillMap } from '../../../server/protocol/queries.ts';
import type { Problem } from '../../../server/protocol/problem.ts';
import type { RunId, RunOverview } from '../../../server/protocol/runs.ts';
import { type Connection, problemOf } from '../host/connection.ts';
import { CHARTS, CURRICULUM_CHARTS, metricNames } from './curves.ts';
import { MAXIMUM_POINTS, mergeMetrics, stepToAskAfter } from './metricStore.ts';
import { PaintPace } from './paintPace.ts';
import { WARNING_METRICS } from './warnings.ts';

/** Everything but the curves moves slower. */
const SLOW_INTERVAL_MS = 1000;
export const STRETCHES = 60;
export const METRIC_NAMES = [
  ...new Set([...metricNames([...CHARTS, ...CURRICULUM_CHARTS]), ...WARNING_METRICS]),
];

export type Part = 'metrics' | 'curriculum' | 'learning' | 'skills' | 'evaluation';

interface KnownRun {
  overview: RunOverview;
  metrics?: MetricTable;
  curriculum?: Curriculum;
  learning?: LearningReport;
  skills?: SkillMap;
  evaluation?: EvaluationReport;
  readonly problems: Record<Part, Problem | undefined>;
  readonly sequences: Record<Part, number>;
  readonly busy: Record<Part, boolean>;
  readonly askedAt: Record<Part, number>;
}

export class RunData {
  readonly #connection: Connection;
  readonly #onChange: (runId: RunId, part: Part) => void;
  readonly #pace: PaintPace;
  readonly #known = new Map<RunId, KnownRun>();

  constructor(
    connection: Connection,
    onChange: (runId: RunId, part: Part) => void,
    pace = new PaintPace(),
  ) {
    this.#connection = connection;
    this.#pace = pace;
    this.#onChange = onChange;
  }

  metrics(runId: RunId): MetricTable | undefined {
    return this.#known.get(runId)?.metrics;
  }

  curriculum(runId: RunId): Curriculum | undefined {
    return this.#known.get(runId)?.curriculum;
  }

  learning(runId: RunId): LearningReport | undefined {
    return this.#known.get(runId)?.learning;
  }

  skills(runId: RunId): SkillMap | undefined {
    return this.#known.get(runId)?.skills;
  }

  evaluation(runId: RunId): EvaluationReport | undefined {
    return this.#known.get(runId)?.evaluation;
  }

  problem(runId: RunId): Problem | undefined {
    return Object.values(this.#known.get(runId)?.problems ?? {}).find(
      (problem) => problem !== undefined,
    );
  }

  /** Asks for what the page shows of a run, as far as it is not known. */
  refresh(overview: RunOverview, parts: readonly Part[]): void {
    const known = this.#of(overview);
    known.overview = overview;
    if (overview.state === 'unreadable') return;
    for (const part of parts) void this.#ask(known, part);
  }

  /** After a refusal, at somebody's wish. */
  retry(overview: RunOverview, parts: readonly Part[]): void {
    this.#known.delete(overview.id);
    this.refresh(overview, parts);
  }

  #of(overview: RunOverview): KnownRun {
    const found = this.#known.get(overview.id);
    if (found !== undefined) return found;
    const made: KnownRun = {
      overview,
      problems: {
        metrics: undefined,
        curriculum: undefined,
        learning: undefined,
        skills: undefined,
        evaluation: undefined,
      },
      sequences: { metrics: -1, curriculum: -1, learning: -1, skills: -1, evaluation: -1 },
      busy: {
        metrics: false,
        curriculum: false,
        learning: false,
        skills: false,
        evaluation: false,
      },
      askedAt: {
        metrics: -Infinity,
        curriculum: -Infinity,
        learning: -Infinity,
        skills: -Infinity,
        evaluation: -Infinity,
      },
    };
    this.#known.set(overview.id, made);
    return made;
  }

  async #ask(known: KnownRun, part: Part): Promise<void> {
    const { sequence } = known.overview;
    if (known.busy[part] || known.sequences[part] === sequence) return;
    known.busy[part] = true;
    const interval = part === 'metrics' ? this.#pace.intervalMs : SLOW_INTERVAL_MS;
    const wait = known.askedAt[part] + interval - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    // What is asked for now covers all that was announced while this waited.
    const asked = known.overview.sequence;
    known.askedAt[part] = performance.now();
    try {
      await this.#askPart(known, part);
      known.problems[part] = undefined;
    } catch (error) {
      known.problems[part] = problemOf(error);
    }
    known.sequences[part] = asked;
    known.busy[part] = false;
    this.#pace.draw(() => {
      this.#onChange(known.overview.id, part);
    });
    if (known.overview.sequence !== asked && known.problems[part] === undefined)
      void this.#ask(known, part);
  }

  async #askPart(known: KnownRun, part: Part): Promise<void> {
    switch (part) {
      case 'metrics':
        return this.#askMetrics(known);
      case 'curriculum':
        known.curriculum = await this.#connection.request('azr/curriculum', {
          runId: known.overview.id,
          stretches: STRETCHES,
        });
        return;
      case 'learning':
        known.learning = await this.#connection.request('azr/learning', {
          runId: known.overview.id,
        });
        return;
      case 'evaluation':
        return this.#askEvaluation(known);
      case 'skills':
        known.skills = await this.#connection.request('azr/skillMap', { runId: known.overview.id });
    }
  }

  async #askEvaluation(known: KnownRun): Promise<void> {
    const { id } = known.overview;
    const report = await this.#connection.request('azr/evaluationReport', { runId: id });
    if (report !== null) known.evaluation = report;
  }

  async #askMetrics(known: KnownRun): Promise<void> {
    const { id } = known.overview;
    const afterStep = stepToAskAfter(known.metrics, known.overview);
    const answer = await this.#connection.request('azr/metrics', {
      runId: id,
      names: METRIC_NAMES,
      afterStep,
      maximumPoints: MAXIMUM_POINTS,
    });
    known.metrics = mergeMetrics(known.metrics, answer, afterStep);
  }
}
