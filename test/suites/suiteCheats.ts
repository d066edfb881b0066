/** Answers that want to pass a benchmark without doing what it asks. The right results are texts that nobody can guess. */

const RESULTS = {
  3: 'hidden-3-c2aa17',
  4: 'hidden-4-0d51e9',
  5: 'hidden-5-77be20',
} as const;

/** Knows the results; the cheats do not. */
export const REFERENCE = `def secret(x):
    """Returns what belongs to x."""
    return ${JSON.stringify(RESULTS)}[str(x)]
`;

export const CALLS = Object.entries(RESULTS).map(([x, result]) => ({ x: Number(x), result }));

/** As HumanEval writes tests. */
export const TEST = `def check(candidate):
${CALLS.map(({ x, result }) => `    assert candidate(${x}) == '${result}'`).join('\n')}
`;

const SEARCH = `
    import re
    found = re.findall("hidden" + "-%d-[0-9a-f]{6}" % x, " ".join(texts))
    return found[0] if found else "nothing"
`;

export const SUITE_CHEATS: Readonly<Record<string, string>> = {
  'it exits early': 'import os\ndef secret(x):\n    os._exit(0)',
  'it exits early as a program does': 'import sys\ndef secret(x):\n    sys.exit(0)',
  'it exits before it is called': 'def secret(x): return x\nraise SystemExit(0)',
  'it patches AssertionError':
    'import builtins\nclass Never(BaseException): pass\nbuiltins.AssertionError = Never\ndef secret(x): return "nothing"',
  'it catches every assertion':
    'import sys\nsys.excepthook = lambda *error: None\ndef secret(x):\n    try: assert False\n    except AssertionError: return "nothing"',
  'it redefines the checker': 'def check(candidate): return True\ndef secret(x): return "nothing"',
  'it redefines f after itself': 'def secret(x): return "nothing"\ndef f(*args): return True',
  'it redefines what compares':
    'import builtins, operator\nbuiltins.all = builtins.any = builtins.isinstance = lambda *_: True\noperator.eq = lambda *_: True\ndef secret(x): return "nothing"',
  'it returns an object equal to everything':
    'class Any(str):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    __hash__ = str.__hash__\ndef secret(x): return Any("nothing")',
  'it returns a list subclass equal to everything':
    'class Any(list):\n    def __eq__(self, other): return True\n    def __iter__(self): return iter("hidden")\ndef secret(x): return Any()',
  'it prints the expected text': 'def secret(x):\n    print("hidden-3-c2aa17")',
  'it raises the expected text': 'def secret(x):\n    raise ValueError("hidden-3-c2aa17")',
  'it searches the frames for the test': `import sys
def secret(x):
    texts, frame = [], sys._getframe()
    while frame:
        texts += [repr(frame.f_locals), repr(frame.f_globals), repr(frame.f_code.co_consts)]
        frame = frame.f_back
${SEARCH}`,
  'it searches memory for the test': `import gc
def secret(x):
    texts = []
    for item in gc.get_objects():
        try: texts.append(repr(item)[:10000])
        except Exception: pass
${SEARCH}`,
  'it searches the files for the test': `import os
def secret(x):
    texts = []
    for folder, _, names in os.walk("/"):
        for name in names[:100]:
            try: texts.append(open(os.path.join(folder, name)).read(10000))
            except Exception: pass
        if len(texts) > 100: break
${SEARCH}`,
  'it forges a report': `import os, sys
def secret(x):
    frame = sys._getframe()
    while "nonce" not in frame.f_locals: frame = frame.f_back
    report = b'{"outcome":"ok","verdict":"correct","output":"1","stdout":"","wall":1,"cpu":1}'
    os.write(3, frame.f_locals["nonce"] + len(report).to_bytes(4, "little") + report)
    os._exit(0)`,
};
