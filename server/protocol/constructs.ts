/**
 * What a program is built from, as `server/sandbox/harness/constructs.py` names it: `kind:what`, such
 * as `call:sorted`, `slice:reversed` or `statement:for`. Said in English here.
 */

/** A name that the harness may give; whatever else a sandbox reports is refused. */
export const CONSTRUCT_NAME = /^[a-z]+:[\w.-]{1,64}$/;

/**
 * Say how a program is written rather than what it does, or what something else says already: an
 * import is counted by what is used of it.
 */
const FORMS = new Set([
  'statement:assignment',
  'statement:return-only',
  'function:default-argument',
]);
const KINDS_OF_FORMS = new Set(['import', 'literal']);

/** How many of `constructs` do something: what is meant by combining two or three of them. */
export function combinedConstructs(constructs: readonly string[]): number {
  return constructs.filter((name) => !isForm(name)).length;
}

/** Whether a construct is how a program is written rather than something that it does. */
export function isForm(name: string): boolean {
  return FORMS.has(name) || KINDS_OF_FORMS.has(kindOf(name));
}

/** `name` in words for a list or a sentence: `sorted()`, `reversing with [::-1]`. */
export function constructText(name: string): string {
  const known = TEXTS.get(name);
  if (known !== undefined) return known;
  const what = name.slice(name.indexOf(':') + 1);
  switch (kindOf(name)) {
    case 'call':
    case 'library':
      return what === 'other' ? 'a function with a long name' : `${what}()`;
    case 'method':
      return what === 'other' ? 'a method with a long name' : `.${what}()`;
    case 'import':
      return `import ${what}`;
    default:
      // A name of a later version: its words are English already.
      return what.replaceAll('-', ' ');
  }
}

/** Names that have words of their own; those of functions, methods and modules are their words. */
export const NAMED_CONSTRUCTS = (): readonly string[] => [...TEXTS.keys()];

function kindOf(name: string): string {
  return name.slice(0, name.indexOf(':'));
}

const TEXTS: ReadonlyMap<string, string> = new Map([
  ['operator:add', 'adding with +'],
  ['operator:subtract', 'subtracting with -'],
  ['operator:multiply', 'multiplying with *'],
  ['operator:divide', 'division /'],
  ['operator:floor-divide', 'floor division //'],
  ['operator:modulo', 'remainder %'],
  ['operator:power', 'power **'],
  ['operator:matrix-multiply', 'matrix product @'],
  ['operator:left-shift', 'left shift <<'],
  ['operator:right-shift', 'right shift >>'],
  ['operator:bit-and', 'bitwise and &'],
  ['operator:bit-or', 'bitwise or |'],
  ['operator:bit-xor', 'bitwise exclusive or ^'],
  ['operator:negate', 'negating with -'],
  ['operator:plus', 'unary plus +'],
  ['operator:invert', 'bitwise not ~'],
  ['operator:not', 'not'],
  ['operator:and', 'and'],
  ['operator:or', 'or'],
  ['operator:equal', 'equality =='],
  ['operator:not-equal', 'inequality !='],
  ['operator:less', 'less than <'],
  ['operator:less-or-equal', 'at most <='],
  ['operator:greater', 'greater than >'],
  ['operator:greater-or-equal', 'at least >='],
  ['operator:in', 'membership with in'],
  ['operator:not-in', 'membership with not in'],
  ['operator:is', 'identity with is'],
  ['operator:is-not', 'identity with is not'],
  ['operator:chained-comparison', 'chained comparison a < b < c'],
  ['index:element', 'indexing with [i]'],
  ['index:negative', 'indexing from the end with [-1]'],
  ['index:key', "looking up a key with ['k']"],
  ['slice:reversed', 'reversing with [::-1]'],
  ['slice:reversed-part', 'reversing a part with [i:j:-1]'],
  ['slice:stepped', 'every n-th item with [::2]'],
  ['slice:prefix', 'the first items with [:n]'],
  ['slice:suffix', 'dropping the first items with [n:]'],
  ['slice:all-but-last', 'dropping the last items with [:-1]'],
  ['slice:last-items', 'the last items with [-n:]'],
  ['slice:middle', 'a middle part with [i:j]'],
  ['slice:copy', 'copying with [:]'],
  ['statement:if', 'if'],
  ['statement:elif', 'elif'],
  ['statement:else', 'else'],
  ['statement:for', 'for loop'],
  ['statement:while', 'while loop'],
  ['statement:loop-else', 'else of a loop'],
  ['statement:try', 'try'],
  ['statement:finally', 'finally'],
  ['statement:with', 'with'],
  ['statement:class', 'class'],
  ['statement:raise', 'raise'],
  ['statement:assert', 'assert'],
  ['statement:match', 'match'],
  ['statement:break', 'break'],
  ['statement:continue', 'continue'],
  ['statement:global', 'global'],
  ['statement:nonlocal', 'nonlocal'],
  ['statement:delete', 'del'],
  ['statement:assignment', 'assigning a variable'],
  ['statement:augmented-assignment', 'updating with += and the like'],
  ['statement:item-assignment', 'assigning an item with x[i] ='],
  ['statement:attribute-assignment', 'assigning an attribute'],
  ['statement:unpacking', 'unpacking with a, b ='],
  ['statement:return-only', 'a single return'],
  ['expression:list-comprehension', 'list comprehension'],
  ['expression:set-comprehension', 'set comprehension'],
  ['expression:dict-comprehension', 'dict comprehension'],
  ['expression:generator', 'generator expression'],
  ['expression:comprehension-filter', 'if in a comprehension'],
  ['expression:conditional', 'choosing with a if c else b'],
  ['expression:lambda', 'lambda'],
  ['expression:f-string', 'f-string'],
  ['expression:t-string', 't-string'],
  ['expression:percent-format', 'formatting with %'],
  ['expression:walrus', 'assignment expression :='],
  ['expression:unpacking', 'unpacking with * or **'],
  ['expression:attribute', 'reading an attribute'],
  ['function:recursion', 'recursion'],
  ['function:inner', 'inner function'],
  ['function:own-call', 'calling a function of its own'],
  ['function:default-argument', 'default argument'],
  ['function:star-parameters', '*args or **kwargs'],
  ['function:decorator', 'decorator'],
  ['function:generator', 'generator function'],
  ['function:async', 'async'],
  ['literal:list', 'list [a, b]'],
  ['literal:dict', 'dict {k: v}'],
  ['literal:set', 'set {a, b}'],
  ['literal:tuple', 'tuple (a, b)'],
]);
