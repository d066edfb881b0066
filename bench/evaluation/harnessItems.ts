/** Items for lm-evaluation-harness out of held-out deductions, and what the engine itself says of them. */
import type { Engine } from '../../server/protocol/engine.ts';
import { RandomStream } from '../../server/src/method/randomStream.ts';
import type { PreparedRun } from '../../server/src/run/prepareRun.ts';

/** As a line of the harness's data. */
export interface HarnessItem {
  /** All but the line on which the answer stands: no text may end in a space, which the harness would move. */
  readonly question: string;
  readonly choices: readonly string[];
  readonly answer: number;
  readonly prompt: string;
  readonly output: string;
  /** The prompt with the beginning of the answer, and the rest of it. */
  readonly begun: string;
  readonly continuation: string;
}

const CHOICES = 4;
const ANSWER_LINE = '\n-> ';
/** Of the answers that are generated. */
const ANSWER_TOKENS = 40;

/** Up to `count` items; tasks whose answer cannot be cut between two tokens are left out. */
export async function harnessItems(
  engine: Engine,
  { heldOut, dialect }: PreparedRun,
  count: number,
): Promise<HarnessItem[]> {
  const tasks = heldOut.filter(({ mode }) => mode === 'deduction');
  const outputs = tasks.map(({ examples }) => examples[0]!.output);
  const items: HarnessItem[] = [];
  for (const [index, { program, examples }] of tasks.entries()) {
    if (items.length === count) break;
    const { input, output } = examples[0]!;
    const asked = dialect.solve({ mode: 'deduction', program, input });
    if (asked.kind !== 'text') throw new Error('The model is asked in texts.');
    const prompt = asked.text;
    const cut = await cutBetweenTokens(engine, prompt, output);
    if (cut === undefined || !prompt.endsWith(ANSWER_LINE)) continue;
    const stream = new RandomStream(0, 'choices', index);
    const others = stream.sample(
      [...new Set(outputs)].filter((other) => other !== output),
      CHOICES - 1,
    );
    const answer = stream.integer(CHOICES);
    items.push({
      question: prompt.slice(0, -ANSWER_LINE.length),
      choices: others.toSpliced(answer, 0, output).map((choice) => ANSWER_LINE + choice),
      answer,
      prompt,
      output,
      begun: prompt + output.slice(0, cut),
      continuation: output.slice(cut),
    });
  }
  return items;
}

/** Each task's metric, from the engine's own log-probabilities and samples. */
export async function ownScores(engine: Engine, items: readonly HarnessItem[]) {
  const mean = (right: readonly boolean[]): number =>
    right.filter((one) => one).length / right.length;
  const choice: boolean[] = [];
  const text: boolean[] = [];
  const likeliest: boolean[] = [];
  for (const item of items) {
    const promptTokens = await engine.encode(item.question);
    const data = await Promise.all(
      item.choices.map(async (one) => ({
        promptTokens,
        completionTokens: (await engine.encode(item.question + one)).slice(promptTokens.length),
        ...{ logProbabilities: [], advantages: [] },
      })),
    );
    const scores = await engine.logProbabilities(data);
    const sums = scores.map((values) => values.reduce((sum, value) => sum + value, 0));
    choice.push(sums.indexOf(Math.max(...sums)) === item.answer);

    const said = await likeliestTokens(engine, await engine.encode(item.prompt), ANSWER_TOKENS);
    text.push((await engine.decode(said)).split('\n')[0] === item.output);

    const begun = await engine.encode(item.begun);
    const rest = (await engine.encode(item.begun + item.continuation)).slice(begun.length);
    const continued = await likeliestTokens(engine, begun, rest.length);
    likeliest.push(continued.join() === rest.join());
  }
  return { azr_choice: mean(choice), azr_text: mean(text), azr_likeliest: mean(likeliest) };
}

async function likeliestTokens(
  engine: Engine,
  promptTokens: readonly number[],
  maximumTokens: number,
): Promise<readonly number[]> {
  const parameters = { temperature: 0, seed: 0, maximumTokens };
  const [group] = await engine.sample([{ promptTokens, samples: 1 }], parameters);
  return group![0]!.tokens;
}

/** Where the answer can be cut so that both parts have the tokens of the whole. */
async function cutBetweenTokens(
  engine: Engine,
  prompt: string,
  output: string,
): Promise<number | undefined> {
  const whole = await engine.encode(prompt + output);
  for (let cut = 1; cut < output.length; cut += 1) {
    const begun = prompt + output.slice(0, cut);
    const tokens = await engine.encode(begun);
    const isCut = tokens.every((token, place) => token === whole[place]);
    if (isCut && begun === begun.trimEnd()) return cut;
  }
  return undefined;
}
