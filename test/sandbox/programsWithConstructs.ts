/** Programs with what they are built from, written down by hand. */
export const PROGRAMS: readonly (readonly [program: string, constructs: string])[] = [
  // Form alone.
  ['def f(x):\n    return x', 'statement:return-only'],
  ['def f(x):\n    """Doubles nothing."""\n    return x', 'statement:return-only'],
  ['f = lambda x: x', 'statement:return-only'],
  ['def f(x: list[int]) -> dict[str, int]:\n    return x', 'statement:return-only'],
  ['def f(x):\n    y: int = x\n    return y', 'statement:assignment'],
  ['def f(x):\n    pass', ''],

  // Operators.
  ['def f(a):\n    return a + 1', 'operator:add statement:return-only'],
  ['def f(a):\n    return a - -1', 'operator:subtract statement:return-only'],
  [
    'def f(a):\n    return -a * +a',
    'operator:multiply operator:negate operator:plus statement:return-only',
  ],
  [
    'def f(a):\n    return a // 2 % 3 / 4',
    'operator:divide operator:floor-divide operator:modulo statement:return-only',
  ],
  [
    'def f(a):\n    return 2 ** a << 1 >> 1',
    'operator:left-shift operator:power operator:right-shift statement:return-only',
  ],
  [
    'def f(a):\n    return a & 1 | 2 ^ ~a',
    'operator:bit-and operator:bit-or operator:bit-xor operator:invert statement:return-only',
  ],
  [
    'def f(a):\n    return a == 1 or a != 2',
    'operator:equal operator:not-equal operator:or statement:return-only',
  ],
  [
    'def f(a):\n    return 1 < a <= 3',
    'operator:chained-comparison operator:less operator:less-or-equal statement:return-only',
  ],
  [
    'def f(a):\n    return a > 1 and not a >= 3',
    'operator:and operator:greater operator:greater-or-equal operator:not statement:return-only',
  ],
  [
    'def f(a):\n    return 1 in a and 2 not in a',
    'operator:and operator:in operator:not-in statement:return-only',
  ],
  [
    'def f(a):\n    return a is None or a is not True',
    'operator:is operator:is-not operator:or statement:return-only',
  ],
  ['def f(a):\n    return "%d items" % a', 'expression:percent-format statement:return-only'],
  ['def f(a):\n    a += 1\n    return a', 'operator:add statement:augmented-assignment'],

  // Subscripts.
  ['def f(x):\n    return x[0]', 'index:element statement:return-only'],
  ['def f(x, i):\n    return x[i]', 'index:element statement:return-only'],
  ['def f(x):\n    return x[-1]', 'index:negative statement:return-only'],
  ['def f(x):\n    return x["a"]', 'index:key statement:return-only'],
  ['def f(x):\n    return x[::-1]', 'slice:reversed statement:return-only'],
  ['def f(x):\n    return x[2::-1]', 'slice:reversed-part statement:return-only'],
  ['def f(x):\n    return x[::2]', 'slice:stepped statement:return-only'],
  ['def f(x):\n    return x[1::-2]', 'slice:stepped statement:return-only'],
  ['def f(x):\n    return x[:3]', 'slice:prefix statement:return-only'],
  ['def f(x):\n    return x[0:3:1]', 'slice:prefix statement:return-only'],
  ['def f(x):\n    return x[1:]', 'slice:suffix statement:return-only'],
  ['def f(x):\n    return x[:-1]', 'slice:all-but-last statement:return-only'],
  ['def f(x):\n    return x[-2:]', 'slice:last-items statement:return-only'],
  ['def f(x):\n    return x[1:3]', 'slice:middle statement:return-only'],
  ['def f(x):\n    return x[:]', 'slice:copy statement:return-only'],
  [
    'def f(x):\n    x[0] = 1\n    del x[-1]\n    return x',
    'index:element index:negative statement:delete statement:item-assignment',
  ],

  // Methods, built-ins, modules.
  ['def f(x):\n    return x.count(1)', 'method:count statement:return-only'],
  [
    'def f(x):\n    return "".join(sorted(x.upper().replace("a", "b")))',
    'call:sorted method:join method:replace method:upper statement:return-only',
  ],
  [
    'def f(x):\n    x.append(len(x))\n    return max(x) - min(x)',
    'call:len call:max call:min method:append operator:subtract',
  ],
  [
    'def f(x):\n    return list(map(str.upper, x))',
    'call:list call:map method:upper statement:return-only',
  ],
  ['def f(x):\n    return sorted(x, key=x.get)', 'call:sorted method:get statement:return-only'],
  ['def f(x):\n    return list(map(str, x))', 'call:list call:map call:str statement:return-only'],
  ['def f(sum):\n    return sum(1)', 'statement:return-only'],
  ['def f(x):\n    return isinstance(x, (int, str))', 'call:isinstance statement:return-only'],
  [
    'import math\ndef f(x):\n    return math.gcd(x, 6) + math.pi',
    'import:math library:math.gcd library:math.pi operator:add statement:return-only',
  ],
  [
    'from collections import Counter as C\ndef f(x):\n    return C(x).most_common(1)',
    'import:collections library:collections.Counter method:most_common statement:return-only',
  ],
  [
    'import collections as c\ndef f(x):\n    return c.OrderedDict(x)',
    'import:collections library:collections.OrderedDict statement:return-only',
  ],
  [`def f(x):\n    return x.${'long'.repeat(20)}()`, 'method:other statement:return-only'],
  ['def f(x):\n    return x.größe()', 'method:other statement:return-only'],

  // Statements.
  [
    'def f(x):\n    if x:\n        return 1\n    elif x is None:\n        return 2\n    else:\n        return 3',
    'operator:is statement:elif statement:else statement:if',
  ],
  [
    'def f(x):\n    total = 0\n    for i in range(x):\n        total += i\n    return total',
    'call:range operator:add statement:assignment statement:augmented-assignment statement:for',
  ],
  [
    'def f(x):\n    while x > 1:\n        if x == 7:\n            break\n        x -= 1\n        continue\n    else:\n        return 0\n    return x',
    'operator:equal operator:greater operator:subtract statement:augmented-assignment statement:break statement:continue statement:if statement:loop-else statement:while',
  ],
  [
    'def f(x):\n    try:\n        return int(x)\n    except ValueError as error:\n        raise TypeError from error\n    finally:\n        print(x)',
    'call:int call:print statement:finally statement:raise statement:try',
  ],
  [
    'def f(x):\n    with open(x) as file:\n        assert file\n    return 1',
    'call:open statement:assert statement:with',
  ],
  ['def f(x):\n    a, (b, c) = x\n    return b, a', 'literal:tuple statement:unpacking'],
  [
    'def f(x):\n    match x:\n        case [a, *rest]:\n            return a\n        case _:\n            return None',
    'statement:match',
  ],
  [
    'def f(x):\n    for a, b in x.items():\n        print(a)\n    return x',
    'call:print method:items statement:for statement:unpacking',
  ],

  // Expressions.
  [
    'def f(x):\n    return [i * 2 for i in x if i]',
    'expression:comprehension-filter expression:list-comprehension operator:multiply statement:return-only',
  ],
  [
    'def f(x):\n    return {k: {v} for k, v in x}',
    'expression:dict-comprehension literal:set statement:return-only statement:unpacking',
  ],
  [
    'def f(x):\n    return sum(i for i in {j for j in x})',
    'call:sum expression:generator expression:set-comprehension statement:return-only',
  ],
  ['def f(x):\n    return 1 if x else 2', 'expression:conditional statement:return-only'],
  [
    'def f(x):\n    return sorted(x, key=lambda v: -v)',
    'call:sorted expression:lambda operator:negate statement:return-only',
  ],
  ['def f(x):\n    return f"{x:>{len(x)}}"', 'call:len expression:f-string statement:return-only'],
  [
    'def f(x):\n    return [y := 1, *x, {"a": y, **x}]',
    'expression:unpacking expression:walrus literal:dict literal:list statement:return-only',
  ],
  ['def f(x):\n    return max(*x, **x)', 'call:max expression:unpacking statement:return-only'],

  // Functions and classes.
  [
    'def f(x):\n    return 1 if x < 2 else x * f(x - 1)',
    'expression:conditional function:recursion operator:less operator:multiply operator:subtract statement:return-only',
  ],
  [
    'def f(x):\n    return g(x)\ndef g(x):\n    return x and f(x[1:])',
    'function:recursion operator:and slice:suffix',
  ],
  ['def g(x):\n    return x + 1\ndef f(x):\n    return g(g(x))', 'function:own-call operator:add'],
  ['def f(f):\n    return f', 'statement:return-only'],
  [
    'def f(x, y=1, *rest, **more):\n    def inner():\n        yield x\n    return list(inner())',
    'call:list function:default-argument function:generator function:inner function:own-call function:star-parameters',
  ],
  [
    'class Point:\n    def __init__(self, x):\n        self.x = x\n    @property\n    def double(self):\n        return self.x * 2\ndef f(x):\n    return Point(x).double',
    'call:property expression:attribute function:decorator function:own-call operator:multiply statement:attribute-assignment statement:class',
  ],
  [
    'def f(x):\n    count = 0\n    def add():\n        nonlocal count\n        count += 1\n    add()\n    return count',
    'function:inner function:own-call operator:add statement:assignment statement:augmented-assignment statement:nonlocal',
  ],
];
