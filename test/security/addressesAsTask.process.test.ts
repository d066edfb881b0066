/** A proposer that is paid for tasks whose answer is an address or a count of the interpreter. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGrader } from '../../server/src/grading/grader.ts';
import { openWasmSandbox, type WasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';
import { openGate } from '../sandbox/openGate.ts';
import { entry } from './reportForgery.ts';

const OPEN_GATE = openGate(['gc', 'sys', 'weakref']);

let sandbox: WasmSandbox;
beforeAll(async () => {
  sandbox = await openWasmSandbox({ workers: 1, limits: { cpuMs: 5_000, wallMs: 10_000 } });
});
afterAll(async () => {
  await sandbox.close();
});

type Proposal = readonly [name: string, body: string];

const ADDRESSES: readonly Proposal[] = [
  ['an address', 'return id(x)'],
  ['the address of a new object', 'return id(object())'],
  ['the address of a constant', 'return id(None)'],
  ['the bits of an address', 'return [id(object()) >> k & 1 for k in range(4, 24)]'],
  ['a text with an address', 'return repr(object())'],
  ['the text of a function', 'return str(lambda: 0)'],
  [
    'the order of addresses',
    'v = [object() for _ in range(8)]\nreturn [v.index(o) for o in sorted(v, key=id)]',
  ],
  [
    'the order of a set of objects',
    'v = [object() for _ in range(8)]\nreturn [v.index(o) for o in set(v)]',
  ],
  [
    'the distances of fifty addresses',
    'v = [[x] for _ in range(50)]\nreturn [abs(id(v[i]) - id(v[i + 1])) for i in range(49)]',
  ],
];

/** Of two objects of each of these, a mask alone would show the same distance. */
const PAIRS: readonly Proposal[] = [
  ...['object()', '[x]', '{x: 1}', '{x}', '(x, x)', 'float(x)', 'str(x) * 40'],
  ...['bytes(5_000)', 'ValueError()', 'iter([])', 'lambda: x'],
].flatMap((object): Proposal[] => [
  [
    `the distance of ${object} and another`,
    `a = ${object}\nb = ${object}\nreturn abs(id(a) - id(b))`,
  ],
  [
    `the bits that differ of ${object} and another`,
    `a = ${object}\nb = ${object}\nreturn id(a) ^ id(b)`,
  ],
]);

const COLLECTIONS: readonly Proposal[] = [
  ['how often the collector was asked', 'import gc\nreturn gc.get_count()'],
  ['what is left to the collector', 'import gc\nreturn len(gc.get_objects())'],
  ['what the collector leaves alone', 'import gc\nreturn gc.get_freeze_count()'],
  [
    'how often the collector ran',
    'import gc\nreturn [generation["collections"] for generation in gc.get_stats()]',
  ],
  [
    'when the collector runs',
    `
import gc
seen = []
gc.callbacks.append(lambda *_: seen.append(1))
v = []
while not seen: v.append([])
return len(v)`,
  ],
  [
    'when a cycle is found dead',
    `
import weakref
class Node: pass
def cycle():
    node = Node()
    node.itself = node
    return weakref.ref(node)
dead = cycle()
v = []
while dead() is not None: v.append([])
return len(v)`,
  ],
  ['how many blocks are allocated', 'import sys\nreturn sys.getallocatedblocks()'],
];

const REFERENCES: readonly Proposal[] = [
  ...['None', 'True', '0', '100', '256', '"a"', '"self"', '()', '""', 'int', 'object', 'len'],
  ...['print', 'sys', 'ValueError', 'Ellipsis'],
].map((item) => [`the references to ${item}`, `import sys\nreturn sys.getrefcount(${item})`]);

const PROPOSALS: readonly Proposal[] = [
  ...ADDRESSES,
  ...PAIRS,
  ...COLLECTIONS,
  ...REFERENCES,
  [
    'the difference of two counts of references',
    'import sys\ncount = sys.getrefcount\nreturn [count(None) - count(v) for v in (True, int, str, len)]',
  ],
];

describe('is refused as a task', () => {
  test.each(PROPOSALS)('%s', async (_, body) => {
    const proposal = { mode: 'deduction', program: entry(body), input: '3' } as const;
    const validation = await createGrader(sandbox, OPEN_GATE).validate(proposal);
    expect(validation, JSON.stringify(validation)).toMatchObject({
      valid: false,
      reason: 'non-deterministic',
    });
  });
});

test('a program that looks at none of this is a task', async () => {
  const program = entry('return sorted({x, 1, 2}), str([x] * 3), isinstance(x, int)');
  const grader = createGrader(sandbox, OPEN_GATE);
  const validation = await grader.validate({ mode: 'deduction', program, input: '3' });
  expect(validation).toMatchObject({ valid: true });
});
