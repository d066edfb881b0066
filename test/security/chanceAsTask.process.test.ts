/**
 * A proposer that tosses a coin is paid for it: half of the predictions are right, for ever. No coin, from
 * whatever it is made, may become a task.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  Grader,
  GraderRules,
  InvalidProposal,
  Validation,
} from '../../server/protocol/sandbox.ts';
import { createGrader } from '../../server/src/grading/grader.ts';
import { oneEngineOfEachKind, type TestedSandbox } from '../sandbox/engines.ts';

const OPEN_GATE: GraderRules = {
  allowedImports: [
    ...['_thread', 'gc', 'os', 'posix', 'random', 'resource', 'secrets', 'statistics', 'sys'],
    ...['functools', 'time', 'uuid'],
  ],
  bannedWords: [],
  programCharacters: 10_000,
  minimumInductionInputs: 2,
  singleFunction: false,
};

/** Coins by what they are made of. `K` stands for another number in each proposal. */
const NEVER: Readonly<Record<string, string>> = {
  'random bytes of the system': 'from os import urandom\ndef f(x): return (urandom(1)[0] + K) & 1',
  'the system call for random bytes': 'import os\ndef f(x): return (os.getrandom(1)[0] + K) & 1',
  'the random numbers of the system, by a module of Python':
    'import statistics\ndef f(x): return statistics.random.SystemRandom().random() < 0.5 - K / 1000',
  secrets: 'import secrets\ndef f(x): return (secrets.randbelow(2) + K) % 2',
  'a universally unique identifier': 'import uuid\ndef f(x): return (uuid.uuid4().int + K) & 1',
  'the time in nanoseconds': 'import time\ndef f(x): return (time.time_ns() + K) & 1',
  'the time in microseconds': 'import time\ndef f(x): return (time.time_ns() // 1000 + K) & 1',
  'the time in milliseconds': 'import time\ndef f(x): return (time.time_ns() // 10**6 + K) & 1',
  'the clock that only counts': 'import time\ndef f(x): return (time.monotonic_ns() + K) & 1',
  'the clock for measuring':
    'import time\ndef f(x): return (time.perf_counter_ns() // 1000 + K) & 1',
  'a clock by number':
    'import time\ndef f(x): return (time.clock_gettime_ns(time.CLOCK_MONOTONIC) + K) & 1',
  'the time that the process has used':
    'import time\ndef f(x): return (time.process_time_ns() + K) & 1',
  'the number of the process': 'import os\ndef f(x): return (os.getpid() + K) & 1',
  'the number of the parent': 'import posix\ndef f(x): return (posix.getppid() + K) & 1',
  'the number of the thread': 'import _thread\ndef f(x): return (_thread.get_native_id() + K) & 1',
  'the times of the process': 'import os\ndef f(x): return (int(os.times().elapsed) + K) & 1',
  'the page faults of the process':
    'import resource\ndef f(x): return (resource.getrusage(0).ru_minflt + K) & 1',
};

/** Coins that are tossed once more in each execution, so that some few fall alike in all of them. */
const RARELY: Readonly<Record<string, string>> = {
  'the address of an object': 'def f(x): return id(object()) >> 4 + K % 8 & 1',
  'the address of what was there before': 'def f(x): return id(None) >> 4 + K % 8 & 1',
  'the hash of an object': 'def f(x): return hash(object()) >> K % 8 & 1',
  'the hash of a text in a tuple': 'def f(x): return hash((1, "K")) & 1',
  'the text of an object':
    'def f(x): return sum(map(int, str(int(repr(object()).split("0x")[1][:-1], 16) * (K + 1)))) & 1',
  'a hash of the time': 'import time\ndef f(x): return hash((time.time(), K)) & 1',
  'the time by a name that is put together':
    'def f(x): return getattr(__import__("ti" + "me"), "time" + "_ns")() >> K % 32 & 1',
  'the random numbers of a module of Python':
    'import statistics\ndef f(x): return (statistics.random.getrandbits(1) + K) & 1',
  'the samples of a distribution':
    'from statistics import NormalDist\ndef f(x): return NormalDist().samples(K + 1)[K] < 0',
  'the number of the thread in Python':
    'import _thread\ndef f(x): return _thread.get_ident() >> K % 32 & 1',
  'the counter of the collector':
    'import gc\ndef f(x): return gc.get_count()[0] * (2 * K + 1) >> 3 & 1',
  'the token of its request': `
def f(x):
    def g():
        yield h.gi_frame.f_back
    h = g()
    frame = next(h)
    while "nonce" not in frame.f_locals: frame = frame.f_back
    return (frame.f_locals["nonce"][0] + K) & 1`,
  'the references to an object':
    'import sys\ndef f(x): return sys.getrefcount(None) * (2 * K + 1) >> 5 & 1',
};

// One of each is enough: what is around the jail changes nothing about what a program sees in it.
const { available, missing } = await oneEngineOfEachKind();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

describe.each(available)('$name', (engine) => {
  let sandbox: TestedSandbox;
  let grader: Grader;
  beforeAll(async () => {
    sandbox = await engine.open({ workers: 2 });
    grader = createGrader(sandbox, OPEN_GATE);
  });
  afterAll(async () => {
    await sandbox.close();
  });

  function validate(program: string): Promise<Validation> {
    return grader.validate({ mode: 'deduction', program, input: '1' });
  }

  /** How many of so many proposals of this coin become a task. */
  async function tasks(coin: string, proposals: number): Promise<number> {
    const validations = await Promise.all(
      Array.from({ length: proposals }, (_, k) => validate(coin.replaceAll(/\bK\b/g, String(k)))),
    );
    const refused = validations.filter((found): found is InvalidProposal => !found.valid);
    for (const { reason, message } of refused) {
      // What there is none of in an engine cannot be a coin either.
      if (!message.includes('has no attribute')) {
        expect(['forbidden', 'non-deterministic']).toContain(reason);
      }
    }
    return proposals - refused.length;
  }

  test.each(Object.entries(NEVER))('a coin made of %s never becomes a task', async (_, coin) => {
    expect(await tasks(coin, 10)).toBe(0);
  });

  test.each(Object.entries(RARELY))(
    'a coin made of %s becomes a task once in 4,096 times',
    async (_, coin) => {
      // Three in two hundred would happen once in 50,000 runs of this test.
      expect(await tasks(coin, 200)).toBeLessThan(3);
    },
  );

  test('a coin of an induction proposal does not become a task either', async () => {
    const program = 'import time\ndef f(x): return time.time_ns() + x & 1';
    const validation = await grader.validate({
      ...{ mode: 'induction', program, inputs: ['1', '2', '3'], message: 'a coin' },
    });
    expect(validation).toMatchObject({ valid: false, reason: 'non-deterministic' });
  });

  test('a program that knows the date is found out, though it gives the same value all year', async () => {
    expect(await validate('import time\ndef f(x): return time.localtime().tm_year')).toMatchObject({
      valid: false,
      reason: 'non-deterministic',
    });
    expect(await validate('import time\ndef f(x): return time.strftime("%Y")')).toMatchObject({
      valid: false,
      reason: 'non-deterministic',
    });
  });

  test.each([
    [
      'measures its time',
      'import time\ndef f(x):\n    a = time.time()\n    time.sleep(0.001)\n    return time.time() - a >= 0.001',
    ],
    [
      'keeps what it has seen by identity',
      'def f(x):\n    a, b = [], []\n    seen = {id(a): 1}\n    return [id(a) in seen, id(b) in seen, id(a) == id(a)]',
    ],
    [
      'hashes',
      'def f(x):\n    return [hash(5), hash((1, 2.5)), hash((None, "a")) == hash((None, "a")), hash(None) == hash(None)]',
    ],
    [
      'hashes by value',
      `
from collections import namedtuple
from dataclasses import dataclass
@dataclass(frozen=True)
class A:
    a: str
P = namedtuple("P", "a")
def f(x):
    nested = ()
    for _ in range(2_000): nested = (nested,)
    return [hash(A("a")) == hash(("a",)) == hash(P("a")), hash("a") == hash(b"a"), hash(nested) == hash((nested[0],))]`,
    ],
    ['shows values', 'def f(x):\n    return repr([x, None, 1.5]) + ascii("a")'],
    [
      'seeds its random numbers',
      'import statistics\ndef f(x):\n    return statistics.random.Random(x).random()',
    ],
    [
      'copies what refers to itself',
      'import copy\ndef f(x):\n    a = [x]\n    a.append(a)\n    b = copy.deepcopy(a)\n    return [b[1] is b, b is a]',
    ],
    [
      'shows a class with data',
      'from dataclasses import dataclass\n@dataclass\nclass P:\n    a: int\ndef f(x):\n    return str(P(x))',
    ],
  ])('a program that %s is a task', async (_, program) => {
    const open = createGrader(sandbox, {
      ...OPEN_GATE,
      allowedImports: [...OPEN_GATE.allowedImports, 'collections', 'copy', 'dataclasses'],
    });
    const validation = await open.validate({ mode: 'deduction', program, input: '1' });
    expect(validation, JSON.stringify(validation)).toMatchObject({ valid: true });
  });

  test('only a program that names a source of chance is run more than twice', async () => {
    const plain = await validate('def f(x):\n    return "".join(sorted(str(n) for n in range(x)))');
    const named = await validate('def f(x):\n    return len(repr(x))');
    expect(plain.executions).toHaveLength(2);
    expect(named.executions).toHaveLength(13);
  });
});
