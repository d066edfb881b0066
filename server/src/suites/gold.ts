/** Tasks of writing a function: what the reference gives for every input, executed in our sandbox. */
import type { HeldOutTask } from '../../protocol/heldOut.ts';
import type { Grader, InputOutput } from '../../protocol/sandbox.ts';
import { parseLiteral } from '../literal/parse.ts';
import type { LiteralValue } from '../literal/value.ts';
import { type Call, withCall } from './reading/callAdapter.ts';
import type { LoadContext, LoadedSuite } from './suite.ts';

/** What EvalPlus allows where it says nothing else and floats are expected. */
const FLOAT_TOLERANCE = 1e-6;

export interface FunctionItem {
  readonly id: string;
  /** What is asked. */
  readonly message: string;
  readonly reference: string;
  readonly call: Call;
  readonly inputs: readonly string[];
  /** Absolute, where the benchmark names one. */
  readonly tolerance?: number;
}

/** The task that an item becomes, or a sentence that says why none. */
export async function functionTask(
  grader: Grader,
  item: FunctionItem,
  signal: AbortSignal,
): Promise<HeldOutTask | string> {
  const { id, message, call, inputs } = item;
  const program = withCall(item.reference, call);
  const proposal = { mode: 'induction', program, inputs, message } as const;
  const validation = await grader.validate(proposal, signal);
  if (!validation.valid) return `The reference solution cannot be executed: ${validation.message}`;
  const { examples } = validation;
  const tolerance = Math.max(item.tolerance ?? 0, functionTolerance(examples));
  return { mode: 'induction', program, examples, visible: 0, message, itemId: id, tolerance };
}

/** How close the numbers must be that a function returns where nothing else is said: see `HeldOutTask.tolerance`. */
export function functionTolerance(examples: readonly InputOutput[]): number {
  return examples.some(({ output }) => holdsFloat(literal(output))) ? FLOAT_TOLERANCE : 0;
}

/** As many as keep the processes of a sandbox busy; with more, none would be done before all are begun. */
const SIDE_BY_SIDE = 8;

/** Makes tasks of `lines`, several at a time and in their order, and says how far it is. */
export async function loadEach<Line>(
  lines: readonly Line[],
  makeItems: (line: Line) => Promise<LoadedSuite>,
  { onProgress, signal }: Pick<LoadContext, 'onProgress' | 'signal'>,
): Promise<LoadedSuite> {
  const made: LoadedSuite[] = [];
  const rest = lines.entries();
  let done = 0;
  const makeInTurn = async () => {
    for (const [index, line] of rest) {
      signal.throwIfAborted();
      made[index] = await makeItems(line);
      done += 1;
      onProgress({ phase: 'prepare', done, total: lines.length });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, makeInTurn));
  return {
    items: made.flatMap(({ items }) => items),
    leftOut: made.flatMap(({ leftOut }) => leftOut),
  };
}

/** The loaded form of one item of the benchmark that becomes one task or none. */
export function oneItem(id: string, task: HeldOutTask | string): LoadedSuite {
  return typeof task === 'string'
    ? { items: [], leftOut: [{ id, reason: task }] }
    : { items: [{ id, task }], leftOut: [] };
}

/** What the grader or the sandbox wrote. */
export function literal(text: string): LiteralValue {
  const parsed = parseLiteral(text);
  if (!parsed.ok)
    throw new Error(`The sandbox wrote what is not a literal: ${parsed.error.message}`);
  return parsed.value;
}

function holdsFloat(value: LiteralValue): boolean {
  switch (value.kind) {
    case 'float':
    case 'complex':
      return true;
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return value.items.some(holdsFloat);
    case 'dict':
      return value.entries.some(([, item]) => holdsFloat(item));
    default:
      return false;
  }
}
