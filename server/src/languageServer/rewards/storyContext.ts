/** Everything stored that one rollout's reward followed from. */
import type {
  BaselineRecord,
  ProposalRecord,
  RolloutRecord,
  TaskRecord,
} from '../../../protocol/records.ts';
import { taskRole } from '../../../protocol/events.ts';
import type { RolloutItem } from '../../../protocol/queries.ts';
import type { GroupMember } from '../../../protocol/rewardStory.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { Dialect } from '../../method/dialects/dialect.ts';
import { dialectNamed } from '../../method/dialects/dialectFor.ts';
import type { AttemptCounts, TrainedRollout } from '../../store/lists/relatives.ts';
import type { OpenRun } from '../openRuns.ts';

/** What a story is read from. */
export type StorySource = Pick<OpenRun, 'reader' | 'relatives'>;

export interface StoryContext {
  readonly settings: RunSettings;
  readonly dialect: Dialect;
  readonly rollout: RolloutRecord;
  /** The task that was answered, or that the proposal became. */
  readonly task: TaskRecord | undefined;
  /** The proposer's own proposal, or the one that became the task. */
  readonly proposal: ProposalRecord | undefined;
  /** The attempts at the task that were compared: the solver's group, or the proposer's estimation; at most a page. */
  readonly attempts: readonly RolloutItem[];
  /** The same attempts, all of them. */
  readonly counts: AttemptCounts;
  /** The rollouts of the same task-role batch, when the rollout was trained on. */
  readonly batch: readonly TrainedRollout[];
  readonly baseline: BaselineRecord | undefined;
  /** A proposer's, where the parts of its reward are compared apart. */
  readonly parts: PartBaselines | undefined;
}

/** Means and standard deviations over a proposer's batch: of what the form cost, and of what the task is worth. */
export type PartBaselines = Readonly<
  Record<'formMean' | 'formDeviation' | 'roleMean' | 'roleDeviation', number>
>;

/** Undefined when there is no such rollout. */
export function readStoryContext(source: StorySource, rolloutId: number): StoryContext | undefined {
  const { reader, relatives } = source;
  const rollout = reader.rollout(rolloutId);
  if (rollout === undefined) return undefined;
  const { settings, dialect } = reader.information();
  const { step, role, mode, taskId, trained } = rollout;
  const ofProposer = role === 'proposer';
  const task = taskId === undefined ? undefined : reader.task(taskId);
  const proposalOfTask = taskId === undefined ? undefined : relatives.proposalOfTask(taskId);
  const { group } = rollout;
  return {
    settings,
    dialect: dialectNamed(dialect, settings),
    rollout,
    task,
    proposal: ofProposer ? relatives.proposalOfRollout(rolloutId) : proposalOfTask,
    ...(ofProposer
      ? {
          attempts: taskId === undefined ? [] : relatives.estimationRollouts(taskId),
          counts:
            taskId === undefined ? { attempts: 0, correct: 0 } : relatives.estimationCounts(taskId),
        }
      : { attempts: relatives.groupMembers(group), counts: relatives.groupCounts(group) }),
    batch: trained ? relatives.trainedBatch(step, role, mode) : [],
    baseline: trained
      ? reader.baselines(step).find((baseline) => baseline.role === role && baseline.mode === mode)
      : undefined,
    parts: trained ? partBaselines(source, settings, rollout) : undefined,
  };
}

function partBaselines(
  { reader }: StorySource,
  { proposerAdvantage }: RunSettings,
  { step, role, mode }: RolloutRecord,
): PartBaselines | undefined {
  if (role !== 'proposer' || proposerAdvantage === 'together') return undefined;
  const metrics = new Map(reader.metricsOfStep(step).map(({ name, value }) => [name, value]));
  const of = (name: keyof PartBaselines) => metrics.get(`${taskRole(role, mode)}.${name}`) ?? 0;
  return {
    formMean: of('formMean'),
    formDeviation: of('formDeviation'),
    roleMean: of('roleMean'),
    roleDeviation: of('roleDeviation'),
  };
}

/** A rollout as the group stage and the baseline stage list it. */
export function groupMember(
  { id, verdict, reward, advantage }: RolloutItem | TrainedRollout,
  currentId: number,
): GroupMember {
  return {
    rolloutId: id,
    ...(verdict === undefined ? {} : { verdict }),
    ...(reward === undefined ? {} : { reward }),
    ...(advantage === undefined ? {} : { advantage }),
    current: id === currentId,
  };
}
