/**
 * Cross-entropy on what the interpreter knows: documents whose question is a solver's prompt about a
 * program of the model's own, and whose completion is the executed truth.
 */
import type { Objective, TrainingDatum } from '../../../protocol/engine.ts';
import type { GoldDocumentRecord } from '../../../protocol/records.ts';
import { usesGold } from '../../../protocol/goldSettings.ts';
import { MODES } from '../../../protocol/vocabulary.ts';
import type { LoopDependencies } from '../context.ts';
import type { SolverQuestion } from '../dialects/dialect.ts';
import { type GoldMemory, type GoldProgram, type GoldQuestion, pairsOf } from './goldMemory.ts';
import type { Ledger } from '../ledger.ts';
import { promptRoom } from '../promptRoom.ts';
import { RandomStream } from '../randomStream.ts';
import { encodePrompt } from '../rollouts.ts';
import { drawWeighted } from '../memory/weightedDraw.ts';

/** A document before it was trained on. */
export interface GoldDocument {
  /** Absent for a rehearsed proposal: its rollout is stored already. */
  readonly record?: Omit<GoldDocumentRecord, 'logProbability'>;
  readonly promptTokens: readonly number[];
  readonly completionTokens: readonly number[];
}

/**
 * Up to `goldDocumentsPerStep` documents about programs of this step and of earlier ones, an equal share
 * per mode, drawn by {@link GoldMemory.weightOf}. What does not fit the model's context is left out.
 */
export async function drawGold(
  dependencies: LoopDependencies,
  ledger: Ledger,
  gold: GoldMemory,
): Promise<GoldDocument[]> {
  const { settings } = dependencies;
  if (!usesGold(settings)) return [];
  const questions = [...gold.programs()].flatMap((program) =>
    questionsAbout(dependencies, program),
  );
  const random = new RandomStream(settings.seed, 'gold', ledger.step);
  const drawn = draw(questions, settings.goldDocumentsPerStep, gold, random);
  const documents = await Promise.all(
    drawn.map((question) => documentOf(dependencies, ledger.step, question)),
  );
  return documents.flatMap((document) => document ?? []);
}

/** Everything a program can be asked in the modes of the run. */
function questionsAbout(
  { dialect, settings: { modes, inductionVisible } }: LoopDependencies,
  program: GoldProgram,
): GoldQuestion[] {
  return modes.flatMap((mode): GoldQuestion[] => {
    if (mode !== 'induction') {
      return [...program.outputs.keys()].map((input) => ({ program, mode, input }));
    }
    const enough = program.outputs.size >= inductionVisible;
    const message = program.message ?? dialect.messageFor(pairsOf(program));
    return enough && message !== undefined ? [{ program, mode }] : [];
  });
}

/** An equal share per mode first, then what is missing from all that is left. */
function draw(
  questions: readonly GoldQuestion[],
  count: number,
  gold: GoldMemory,
  random: RandomStream,
): GoldQuestion[] {
  const weightOf = (question: GoldQuestion) => gold.weightOf(question);
  const modes = MODES.filter((mode) => questions.some((question) => question.mode === mode));
  const drawn = modes.flatMap((mode) => {
    const ofMode = questions.filter((question) => question.mode === mode);
    return drawWeighted(ofMode, weightOf, Math.floor(count / modes.length), random);
  });
  const known = new Set(drawn);
  const rest = questions.filter((question) => !known.has(question));
  return [...drawn, ...drawWeighted(rest, weightOf, count - drawn.length, random)];
}

async function documentOf(
  dependencies: LoopDependencies,
  step: number,
  asked: GoldQuestion,
): Promise<GoldDocument | undefined> {
  const { dialect, engine, settings } = dependencies;
  const { program, mode } = asked;
  const { question, answer, inputs } = textsOf(dependencies, step, asked);
  const promptTokens = await encodePrompt(dependencies, dialect.solve(question));
  const completionTokens = await engine.encodeCompletion(dialect.writeAnswer(mode, answer));
  const { length } = completionTokens;
  const fits =
    length <= settings.maximumAnswerTokens &&
    promptTokens.length <= promptRoom(dependencies, settings.maximumAnswerTokens) &&
    promptTokens.length + length <= engine.description.contextTokens;
  if (!fits) return undefined;
  const record = { step, taskId: program.taskId, mode, inputs, tokenCount: length };
  return { record, promptTokens, completionTokens };
}

function textsOf(
  { dialect, settings }: LoopDependencies,
  step: number,
  { program, mode, input = '' }: GoldQuestion,
): {
  readonly question: SolverQuestion;
  readonly answer: string;
  readonly inputs: readonly string[];
} {
  const { program: text, outputs } = program;
  const output = outputs.get(input) ?? '';
  switch (mode) {
    case 'deduction':
      return { question: { mode, program: text, input }, answer: output, inputs: [input] };
    case 'abduction':
      return { question: { mode, program: text, output }, answer: input, inputs: [input] };
    case 'induction': {
      const random = new RandomStream(settings.seed, 'gold examples', step, program.taskId);
      const pairs = pairsOf(program);
      const visible = random.sample(pairs, settings.inductionVisible);
      const message = program.message ?? dialect.messageFor(pairs) ?? '';
      return {
        question: { mode, message, visible },
        answer: text,
        inputs: visible.map((pair) => pair.input),
      };
    }
  }
}

/**
 * weight · (1/D) Σ_d (1/T_d) Σ_t −log p: every document counts alike however long its answer is, so
 * that a digit is worth as much as a program.
 */
export function goldObjective(documents: readonly GoldDocument[], weight: number): Objective {
  const data = documents.map(({ promptTokens, completionTokens }): TrainingDatum => {
    const share = weight / (documents.length * completionTokens.length);
    return {
      ...{ promptTokens, completionTokens },
      logProbabilities: [],
      advantages: completionTokens.map(() => share),
    };
  });
  return { data, loss: { kind: 'cross_entropy' } };
}

/** Notes what was trained on, and how well the policy knew it before. */
export function recordGold(
  ledger: Ledger,
  gold: GoldMemory,
  documents: readonly GoldDocument[],
  logProbabilities: readonly (readonly number[])[],
): void {
  documents.forEach(({ record }, index) => {
    if (record === undefined) return;
    const logProbability = logProbabilities[index]!.reduce((sum, value) => sum + value, 0);
    const row = { ...record, logProbability };
    ledger.goldDocuments.push(row);
    gold.rememberDocument(row);
  });
}

/** Mean cross-entropy in nats a token, each document alike, of all documents and per mode; and how much there was. */
export function recordGoldMetrics(ledger: Ledger): void {
  const { goldDocuments, harvests } = ledger;
  const lossOf = (rows: readonly GoldDocumentRecord[]) =>
    rows.reduce((sum, row) => sum - row.logProbability / row.tokenCount, 0) / rows.length;
  ledger.addMetric('gold.loss', lossOf(goldDocuments));
  for (const mode of MODES) {
    const ofMode = goldDocuments.filter((row) => row.mode === mode);
    ledger.addMetric(`gold.${mode}.loss`, lossOf(ofMode));
  }
  ledger.addMetric('gold.documents', goldDocuments.length);
  ledger.addMetric(
    'gold.tokens',
    goldDocuments.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
  );
  ledger.addMetric(
    'gold.harvested',
    harvests.reduce((sum, { examples }) => sum + examples.length, 0),
  );
}
