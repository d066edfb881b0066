/**
 * Every setting of a run, with its range, its default in both presets, and what it does. The run
 * file's JSON schema, its validation, its hovers and the paper map are all made from this table.
 */
import { ENGINE_SERVERS } from './engineServers.ts';
import { DIALECTS, MODES, SANDBOX_ENGINES } from './vocabulary.ts';

export const PRESETS = ['studio', 'paper'] as const;
export type Preset = (typeof PRESETS)[number];

/** The shape of one setting in the run file. */
export type SettingType =
  | { readonly kind: 'integer' | 'number'; readonly minimum: number; readonly maximum: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'list'; readonly choices?: readonly string[]; readonly minimumItems: number };

/** What a setting of this shape holds. */
type ValueOf<Type extends SettingType> = Type extends { readonly kind: 'integer' | 'number' }
  ? number
  : Type extends { readonly kind: 'boolean' }
    ? boolean
    : Type extends { readonly kind: 'choice'; readonly choices: readonly (infer Choice)[] }
      ? Choice
      : Type extends { readonly kind: 'list'; readonly choices: readonly (infer Choice)[] }
        ? readonly Choice[]
        : Type extends { readonly kind: 'list' }
          ? readonly string[]
          : string;

export interface SettingDefinition<Type extends SettingType = SettingType> {
  readonly type: Type;
  readonly studio: ValueOf<Type>;
  readonly paper: ValueOf<Type>;
  /** One or two sentences for a person: what it does, what a change of it costs or gains. */
  readonly description: string;
  /** Where the paper defines it, when it does. */
  readonly paperReference?: string;
}

/** The table as it is, with the exact type of every setting. */
function settingsTable<const Types extends Readonly<Record<string, SettingType>>>(definitions: {
  readonly [Name in keyof Types]: SettingDefinition<Types[Name]>;
}) {
  return definitions;
}

const integer = (minimum: number, maximum: number) =>
  ({ kind: 'integer', minimum, maximum }) as const;
const number = (minimum: number, maximum: number) =>
  ({ kind: 'number', minimum, maximum }) as const;
const choice = <const Choices extends readonly string[]>(...choices: Choices) =>
  ({ kind: 'choice', choices }) as const;

/** Words the paper's prompts and scripts ban from programs (appendix; reference configuration). */
const PAPER_BANNED_WORDS = [
  'logging',
  'random',
  'multiprocessing',
  'pebble',
  'subprocess',
  'threading',
  'datetime',
  'time',
  'hashlib',
  'hmac',
  'bcrypt',
  'calendar',
  'os.sys',
  'os.path',
  'sys.exit',
  'os.environ',
] as const;

const ALLOWED_IMPORTS = [
  'bisect',
  'collections',
  'copy',
  'dataclasses',
  'decimal',
  'enum',
  'fractions',
  'functools',
  'heapq',
  'itertools',
  'json',
  'math',
  'operator',
  're',
  'statistics',
  'string',
  'typing',
] as const;

export const SETTINGS = settingsTable({
  preset: {
    type: choice(...PRESETS),
    studio: 'studio',
    paper: 'paper',
    description:
      'Which defaults apply. `paper` follows the publication; `studio` adds what later evidence found to help. Any key below overrides either.',
  },
  model: {
    type: { kind: 'text' },
    studio: 'azr-nano',
    paper: 'azr-nano',
    description:
      'The policy to train: `azr-nano`, the embedded model that needs no GPU; a folder with a Hugging Face causal language model; or what "azr models get" has fetched: `smollm2-135m`, an id of the Hugging Face Hub, a GGUF file.',
  },
  dialect: {
    type: choice('auto', ...DIALECTS),
    studio: 'auto',
    paper: 'auto',
    description:
      "How a task is put to the model. `auto` takes what the model folder names in azr-model.json, else `chat` where the tokenizer has a template, else `r1`, the paper's think-and-answer template for base models. `turns` is for small chat models: earlier tasks, or the identity task, stand before the question as finished exchanges, so that the form of an answer can be imitated.",
    paperReference: 'Fig. 8 and appendix C',
  },
  steps: {
    type: integer(1, 1_000_000),
    studio: 200,
    paper: 500,
    description: 'How many times the loop proposes, solves and updates.',
    paperReference: 'Table 3',
  },
  seed: {
    type: integer(0, 2_147_483_647),
    studio: 1,
    paper: 1,
    description:
      'Seed of every random choice. On a CPU the same seed and settings give the same run, row for row.',
  },
  modes: {
    type: { kind: 'list', choices: MODES, minimumItems: 1 },
    studio: ['deduction', 'abduction', 'induction'],
    paper: ['deduction', 'abduction', 'induction'],
    description:
      'Which kinds of task are proposed and solved. Induction starts from programs of the other two, so it cannot stand alone.',
    paperReference: 'section 3.2, ablations in Table 2',
  },
  tasks: {
    type: { kind: 'text' },
    studio: 'model',
    paper: 'model',
    description:
      'Where tasks come from. `model`: the policy proposes its own, which is self-play. A file: one task per line, as people or another program wrote them; they are shuffled for every epoch, and nobody proposes. `generator`: random tasks, for `azr-nano` of its own world, for other models of reasoning-gym. The file or the generated tasks are kept in run.db.',
    paperReference: 'section 4.1, the baselines that learn from human data',
  },
  references: {
    type: integer(0, 32),
    studio: 3,
    paper: 6,
    description:
      'K: how many past tasks a proposer of deduction or abduction tasks is shown. More make proposals more varied and prompts longer.',
    paperReference: 'section 3.3.2, K = 6',
  },
  inductionInputs: {
    type: integer(2, 64),
    studio: 6,
    paper: 10,
    description: 'N: how many inputs an induction proposer is asked for.',
    paperReference: 'section 3.3.2, N = 10',
  },
  inductionVisible: {
    type: integer(1, 63),
    studio: 3,
    paper: 5,
    description:
      'How many of the input-output pairs the induction solver sees. The rest are hidden and decide whether its program is right.',
    paperReference: 'section 3.3.3',
  },
  proposalsPerMode: {
    type: integer(1, 4096),
    studio: 32,
    paper: 64,
    description: 'How many tasks are proposed per mode and step.',
    paperReference: 'Table 3, batch 64 per task and role',
  },
  startingProposals: {
    type: number(0, 1),
    studio: 0.75,
    paper: 0,
    description:
      'Share of the proposals that the model writes with its weights from the start of the run. The trained proposer soon asks mostly for tasks that are solved about half the time; these proposals bring the other kinds of task. They have no advantage.',
  },
  rehearsedProposals: {
    type: integer(0, 4096),
    studio: 24,
    paper: 0,
    description:
      "How many accepted proposals of the starting model (`startingProposals`) are learned by cross-entropy in each step, among the documents of `goldLossWeight`. Documents that train the solver wear off how tasks are written; these keep the trained proposer's tasks valid.",
  },
  estimationRollouts: {
    type: integer(2, 256),
    studio: 4,
    paper: 8,
    description:
      'n: how many times the solver tries each new task, to estimate how learnable it is.',
    paperReference: 'eq. 4, n = 8',
  },
  trainOnEstimation: {
    type: { kind: 'boolean' },
    studio: true,
    paper: false,
    description:
      'Train the solver on the estimation rollouts themselves, as groups. The paper discards them and samples again, and so trains on about a fifth of what it generates.',
  },
  solverTasksPerMode: {
    type: integer(0, 4096),
    studio: 0,
    paper: 64,
    description:
      "How many tasks per mode the solver is given one fresh rollout each: first this step's, then uniform draws from the buffer. Used where estimation rollouts are not trained on.",
    paperReference: 'algorithm 1',
  },
  replayTasksPerMode: {
    type: integer(0, 4096),
    studio: 0,
    paper: 0,
    description:
      'How many earlier tasks per mode the solver tries again each step, a group of rollouts each, to keep what it learned. See `replayFloor`.',
  },
  replayFloor: {
    type: number(0, 100),
    studio: 0.02,
    paper: 0.02,
    description:
      'Replayed tasks are drawn with the weight p(1 − p) plus this, p being the solve rate as it is estimated now. The larger, the more alike all tasks are.',
  },
  unsolvedTasksPerMode: {
    type: integer(0, 4096),
    studio: 2,
    paper: 0,
    description:
      'Unsolved tasks per mode to try again in each step, with a group of rollouts each. They become ordinary tasks once one attempt is correct.',
  },
  solveRateMemory: {
    type: number(0, 1),
    studio: 0.5,
    paper: 1,
    description:
      'How much of the estimated solve rate stays when a task is tried again; the rest is the rate of the new attempts. 1 keeps the first estimate for good.',
  },
  seedTasks: {
    type: integer(1, 100_000),
    studio: 64,
    paper: 256,
    description:
      'How many tasks each mode gets before the first update, proposed by the untrained model from the identity program.',
    paperReference: 'section 3.3.1, 256 triplets',
  },
  temperature: {
    type: number(0.05, 4),
    studio: 1,
    paper: 1,
    description:
      'Sampling temperature of both roles, estimation rollouts included. Training scores tokens at the same temperature.',
    paperReference: 'Table 3',
  },
  maximumPromptTokens: {
    type: integer(16, 1_048_576),
    studio: 6144,
    paper: 6144,
    description: 'A proposer prompt that would be longer shows fewer references instead.',
    paperReference: 'Table 3',
  },
  maximumProposalTokens: {
    type: integer(8, 1_048_576),
    studio: 8096,
    paper: 8096,
    description:
      "Longest completion of a proposer. The context of the model limits it further; a model folder's azr-model.json can name its own default.",
    paperReference: 'Table 3',
  },
  maximumAnswerTokens: {
    type: integer(1, 1_048_576),
    studio: 8096,
    paper: 8096,
    description: 'Longest completion of a solver, limited like the one of a proposer.',
    paperReference: 'Table 3',
  },
  learningRate: {
    type: number(0, 1),
    studio: 1e-6,
    paper: 1e-6,
    description:
      "AdamW's learning rate, the highest of the run. A model folder's azr-model.json can name its own default: a small model needs a far larger one.",
    paperReference: 'Table 3',
  },
  warmUpSteps: {
    type: integer(0, 1_000_000),
    studio: 5,
    paper: 0,
    description:
      'Over how many steps the learning rate rises to its full height, since the state of the optimizer is empty at first. 0 starts at once; a run of fewer steps never reaches the full rate.',
    paperReference: 'Table 3',
  },
  learningRateDecay: {
    type: choice('none', 'linear', 'cosine'),
    studio: 'linear',
    paper: 'none',
    description: 'How the learning rate falls from there to the last of `steps`.',
    paperReference: 'Table 3',
  },
  averageDecay: {
    type: number(0, 0.99999),
    studio: 0,
    paper: 0,
    description:
      'Keeps a moving average of the weights beside them, of which this share stays at every update, and asks the held-out tasks of it. 0 keeps none.',
  },
  adamBeta2: {
    type: number(0, 0.99999),
    studio: 0.95,
    paper: 0.999,
    description: "AdamW's second-moment decay. Shorter memory suits a policy that moves.",
  },
  weightDecay: {
    type: number(0, 1),
    studio: 0,
    paper: 0.01,
    description: "AdamW's decoupled weight decay.",
  },
  gradientClipNorm: {
    type: number(0, 1_000_000),
    studio: 1,
    paper: 1,
    description: 'Largest norm of the whole gradient. 0 is off.',
    paperReference: 'Table 3',
  },
  updatesPerStep: {
    type: integer(1, 64),
    studio: 1,
    paper: 1,
    description:
      "Into how many mini-batches, each with its own optimizer step, a step's rollouts are split. With 1 the ratio of eq. 9 is about 1 and clipping is idle.",
    paperReference: 'Table 3',
  },
  clipLow: {
    type: number(0, 1),
    studio: 0.2,
    paper: 0.2,
    description: 'Lower clip of the probability ratio: the ratio counts at least 1 minus this.',
    paperReference: 'section 3.3.5',
  },
  clipHigh: {
    type: number(0, 10),
    studio: 0.28,
    paper: 0.2,
    description:
      'Upper clip of the probability ratio: 1 plus this. A higher one lets rare tokens grow and keeps entropy up.',
    paperReference: 'section 3.3.5',
  },
  lossAggregation: {
    type: choice('token-mean', 'sequence-mean'),
    studio: 'token-mean',
    paper: 'token-mean',
    description:
      'Whether every token weighs the same in the loss, or every rollout does whatever its length.',
  },
  solverBaseline: {
    type: choice('task-role', 'group'),
    studio: 'group',
    paper: 'task-role',
    description:
      "What a solver's reward is compared with: the mean of its mode and role in this step (TRR++), or the mean of the rollouts of the same task, which tells effort on a hard task from luck on an easy one.",
    paperReference: 'eq. 8',
  },
  advantageScale: {
    type: choice('deviation', 'group-rate', 'none'),
    studio: 'deviation',
    paper: 'deviation',
    description:
      "What advantages are divided by: the standard deviation of their mode and role; for solvers, the share of right answers in the group, so that a rare success on a hard task counts as it does in maximum likelihood; or nothing. 'group-rate' needs 'solverBaseline' 'group'.",
    paperReference: 'eq. 8',
  },
  proposerAdvantage: {
    type: choice('together', 'apart'),
    studio: 'apart',
    paper: 'together',
    description:
      "Normalise a proposer's reward as one number, or what its form cost and what the task is worth apart. Together, most of the spread is valid or invalid, and how learnable a task is hardly counts.",
    paperReference: 'eq. 8',
  },
  learnabilityGate: {
    type: { kind: 'boolean' },
    studio: true,
    paper: false,
    description:
      'Let only tasks that were solved sometimes, but not always, into the buffers and the solver update. Tasks that are always or never solved teach nothing.',
  },
  proposerLossWeight: {
    type: number(0, 10),
    studio: 0.3,
    paper: 1,
    description:
      "Multiplies the proposer's advantages. Less than 1 lets the solver learn faster than the curriculum drifts; 0 freezes what the proposer wants.",
  },
  importanceSamplingCap: {
    type: number(0, 100),
    studio: 2,
    paper: 0,
    description:
      'Truncated importance sampling: caps the trainer-to-sampler probability ratio of a token where the two differ numerically. 0 is off.',
  },
  entropyCoefficient: {
    type: number(0, 1),
    studio: 0,
    paper: 0.001,
    description:
      'Adds this much of the mean entropy per token to the objective, so that sampling stays varied. 0 is off.',
    paperReference: 'Table 3',
  },
  goldLossWeight: {
    type: number(0, 1000),
    studio: 1,
    paper: 0,
    description:
      "Trains on what the interpreter knows: adds this much of the cross-entropy of executed answers to the model's own valid programs, in every mode they serve. Each document counts alike, however long its answer. 0 learns from reward alone.",
  },
  goldDocumentsPerStep: {
    type: integer(0, 65_536),
    studio: 128,
    paper: 0,
    description:
      'How many such documents a step trains on, about its own programs and all earlier ones, and more often what the solver does not know yet.',
  },
  harvestInputs: {
    type: integer(0, 256),
    studio: 8,
    paper: 0,
    description:
      "How many more inputs of each new program are executed for `goldLossWeight`: inputs that the model proposed for programs of the same parameter types, or small changes of such. No data but the model's own.",
  },
  goldUpdatesPerStep: {
    type: integer(0, 64),
    studio: 0,
    paper: 0,
    description:
      'Into how many optimizer steps of their own, after those of the policy, the documents of `goldLossWeight` are split. 0 adds their loss to that of the policy, in the same steps.',
  },
  goldLearningRate: {
    type: number(0, 1),
    studio: 0,
    paper: 0,
    description:
      'Learning rate of the steps that `goldUpdatesPerStep` asks for. 0 takes that of the policy.',
  },
  goldOptimizer: {
    type: choice('adamw', 'muon'),
    studio: 'adamw',
    paper: 'adamw',
    description:
      "Optimizer of the steps that `goldUpdatesPerStep` asks for. `adamw` is the policy's own, with its state. `muon` (Jordan et al. 2024) trains weight matrices with Muon and everything else with AdamW, with a state apart from the policy's; it suits small models, and needs `goldUpdatesPerStep` of at least 1 and one process.",
  },
  deduplicate: {
    type: choice('none', 'structural'),
    studio: 'structural',
    paper: 'none',
    description:
      'Reject a proposal that equals an accepted task of this run up to the names of its variables, unless that task is still unsolved.',
  },
  bufferPolicy: {
    type: choice('fifo', 'reservoir'),
    studio: 'reservoir',
    paper: 'fifo',
    description:
      'What leaves a full buffer: its oldest task, or a random one so that the buffer stays a fair sample of the whole run.',
  },
  bufferCapacity: {
    type: integer(1, 10_000_000),
    studio: 16_384,
    paper: 16_384,
    description: 'Most tasks a buffer holds per mode.',
    paperReference: 'Table 3',
  },
  referenceSampling: {
    type: choice('uniform', 'template-balanced'),
    studio: 'template-balanced',
    paper: 'uniform',
    description:
      'How references are drawn from the buffer: every task alike, or first a program template and then one of its tasks, so that a template in fashion does not crowd out the others.',
  },
  repetitionPenalty: {
    type: number(0, 10),
    studio: 0.5,
    paper: 0,
    description:
      "Subtracts this from the proposer's reward, times the share of the mode's other proposals of the step that use the same template. 0 is off.",
  },
  probe: {
    type: { kind: 'text' },
    studio: 'auto',
    paper: 'auto',
    description:
      'File with frozen held-out tasks, one JSON object per line. `auto` takes the one in the model folder, if any; `tasks` holds out a tenth of the file that `tasks` names, 200 programs or questions at most, and so does `auto` where the model folder has none; `none` is off. Tasks that equal a held-out one are never trained on.',
  },
  probeEverySteps: {
    type: integer(1, 1_000_000),
    studio: 20,
    paper: 20,
    description:
      'Steps between two measurements of the held-out tasks, each answered once with the most likely tokens. They are never trained on. The first and the last step always measure, and so does the step after a quarter of this many.',
  },
  probeSampleEverySteps: {
    type: integer(1, 1_000_000),
    studio: 100,
    paper: 100,
    description:
      'Steps between two measurements that also sample "probeSamples" answers at temperature 1 to each held-out task, for pass@1 and pass@k. The first and the last step always do.',
  },
  probeSamples: {
    type: integer(1, 256),
    studio: 4,
    paper: 4,
    description: 'Answers to sample to each held-out task: k of pass@k.',
  },
  evaluate: {
    type: { kind: 'list', minimumItems: 0 },
    studio: [],
    paper: [],
    description:
      'Suites of benchmarks to ask during the run, greedily: the name of a suite as `azr eval` takes it, or a file of items, and after a colon how many of its items: `"cruxeval:100"`. The answers are kept in an evaluation beside the run, and the rate is a curve beside the held-out one. Nothing of them is trained on.',
  },
  evaluateEverySteps: {
    type: integer(1, 1_000_000),
    studio: 50,
    paper: 50,
    description:
      'Steps between two times that the suites of `evaluate` are asked. The model is also asked before the first step and after the last one.',
  },
  evaluateShare: {
    type: number(0, 1),
    studio: 0.1,
    paper: 0.1,
    description:
      'Largest share of the time of the run that the suites of `evaluate` may take: what would take more is left out, but never the first and the last time. 1 leaves nothing out.',
  },
  curriculumEverySteps: {
    type: integer(0, 1_000_000),
    studio: 20,
    paper: 0,
    description:
      'Steps between two measurements in which the model as it was at the start answers some of the new tasks, to see whether they get harder. These answers are never trained on. 0 turns it off.',
  },
  curriculumTasksPerMode: {
    type: integer(1, 256),
    studio: 8,
    paper: 8,
    description:
      'New tasks per mode that the starting model answers each time, as often as the policy did.',
  },
  checkpointEverySteps: {
    type: integer(1, 1_000_000),
    studio: 10,
    paper: 10,
    description:
      'Steps between two checkpoints of weights, optimizer and random state, to resume from.',
  },
  checkpointsKept: {
    type: integer(1, 10_000),
    studio: 2,
    paper: 2,
    description: 'How many checkpoints stay on disk; the oldest go first.',
  },
  checkpointsKeptEvery: {
    type: integer(0, 1_000_000),
    studio: 0,
    paper: 0,
    description:
      'Of the older checkpoints, those of every so many steps stay for good, to branch from or to evaluate. 0 lets all of them go. Each takes as much disk as the trained weights and the optimizer state.',
  },
  completionsKeptSteps: {
    type: integer(0, 1_000_000),
    studio: 0,
    paper: 0,
    description:
      'Keep completions (texts, tokens and log-probabilities) for this many of the newest steps. 0 keeps all. What was read out of older ones stays, as do prompts, verdicts, rewards, executions and tasks; the freed space is used by later steps, so that the file stops growing as fast.',
  },
  completionsKeptMb: {
    type: integer(0, 10_000_000),
    studio: 0,
    paper: 0,
    description:
      'How many megabytes the completions in run.db may take, compressed; beyond that the oldest steps lose theirs as with `completionsKeptSteps`. 0 means no limit. The newest step always keeps its own.',
  },
  trainable: {
    type: choice('full', 'lora'),
    studio: 'lora',
    paper: 'full',
    description:
      "Train all weights, or low-rank adapters on all linear layers. A model folder's azr-model.json can name its own default.",
  },
  loraRank: {
    type: integer(1, 1024),
    studio: 32,
    paper: 32,
    description: 'Rank of the adapters.',
  },
  loraAlpha: {
    type: number(0.001, 4096),
    studio: 32,
    paper: 32,
    description: 'Scale of the adapters.',
  },
  loraDropout: {
    type: number(0, 0.9),
    studio: 0,
    paper: 0,
    description:
      'Share of the inputs of every adapter that is dropped, at random, while gradients are computed; sampling and old log-probabilities never see it. It regularises, and makes the ratio of eq. 9 noisy: leave it at 0 unless a run overfits.',
  },
  engineUrl: {
    type: { kind: 'text' },
    studio: 'local',
    paper: 'local',
    description:
      'Address of a running engine that speaks the Tinker dialect; `local` starts one for the run.',
  },
  engineServer: {
    type: choice(...ENGINE_SERVERS),
    studio: 'auto',
    paper: 'auto',
    description:
      'What kind of server `engineUrl` is. `auto` takes only one that declares how it computes, as ours does; SkyRL and Tinker do not, and have to be named.',
  },
  sandbox: {
    type: choice(...SANDBOX_ENGINES),
    studio: 'wasm',
    paper: 'wasm',
    description:
      'What programs run in: `wasm`, CPython in WebAssembly, on every system; or `native`, CPython in a jail of the Linux kernel, faster for programs that compute much. `native` refuses to start where the jail cannot be closed.',
  },
  allowedImports: {
    type: { kind: 'list', minimumItems: 0 },
    studio: ALLOWED_IMPORTS,
    paper: ALLOWED_IMPORTS,
    description: 'Standard library modules that programs may import.',
  },
  bannedWords: {
    type: { kind: 'list', minimumItems: 0 },
    studio: [],
    paper: PAPER_BANNED_WORDS,
    description:
      'Words that no program may contain. A courtesy to the model, not a safety boundary: the sandbox is.',
    paperReference: 'appendix C',
  },
  singleFunction: {
    type: { kind: 'boolean' },
    studio: false,
    paper: true,
    description: 'Reject programs with more than one function at the top level.',
  },
  programCharacters: {
    type: integer(16, 1_000_000),
    studio: 8192,
    paper: 8192,
    description: 'Longest program that is looked at.',
  },
  cpuMs: {
    type: integer(10, 60_000),
    studio: 1000,
    paper: 10_000,
    description:
      'CPU time one execution may use, in milliseconds. The sandbox `wasm` computes about four times slower than `native`.',
    paperReference: 'under 10 s',
  },
  wallMs: {
    type: integer(50, 60_000),
    studio: 4000,
    paper: 20_000,
    description: 'Wall time after which an execution is ended whatever it does, in milliseconds.',
  },
  memoryMb: {
    type: integer(16, 512),
    studio: 128,
    paper: 128,
    description:
      'Memory one execution may use, in mebibytes. In the sandbox `wasm` never more than about 500.',
  },
  outputCharacters: {
    type: integer(1, 10_000_000),
    studio: 8192,
    paper: 8192,
    description:
      'Longest result, as a Python literal. A longer one rejects the task; nothing is ever cut.',
  },
});

/** A complete, validated run configuration; stored with the run and never changed. */
export type RunSettings = {
  readonly [Name in keyof typeof SETTINGS]: ValueOf<(typeof SETTINGS)[Name]['type']>;
};
