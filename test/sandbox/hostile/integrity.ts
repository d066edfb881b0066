/** Programs that lie: about their result, or to those who read it. */
import { entry, FAILURES, type HostileProgram } from './hostileProgram.ts';

/** Finds the token that marks true reports, as an attacker who knows this project would. */
const FIND_NONCE = `
import os, sys
frame = sys._getframe()
while "nonce" not in frame.f_locals: frame = frame.f_back
nonce = frame.f_locals["nonce"]
def frame_of(report, length=None):
    return nonce + (len(report) if length is None else length).to_bytes(4, "little") + report
`;

function lie(body: string): string {
  return entry(`${FIND_NONCE}\n${body.trim()}`);
}

const REPORT = '{"outcome":"ok","output":"42","stdout":"","wall":1,"cpu":1}';

/** Where an engine gives a program no channel, the lie cannot even be told. */
const NO_CHANNEL = ['error', 'forbidden', 'crashed'] as const;

export function lies(): HostileProgram[] {
  const forgeries: Readonly<Record<string, string>> = {
    'writes its true result twice': `os.write(3, frame_of(b'${REPORT}'))\nreturn 1`,
    'reports what is no value': `
os.write(3, frame_of(b'${REPORT.replace('42', 'eval(1)')}'))
os._exit(0)`,
    'reports an outcome of its own invention': `
os.write(3, frame_of(b'${REPORT.replace('"ok"', '"correct"')}'))
os._exit(0)`,
    'reports what is no JSON': `os.write(3, frame_of(b'{"outcome":'))\nos._exit(0)`,
    'reports a list': `os.write(3, frame_of(b'[1]'))\nos._exit(0)`,
    'reports and fails': `os.write(3, frame_of(b'${REPORT}'))\nos._exit(7)`,
    'announces 4 GB': `os.write(3, frame_of(b'{}', 0xffffffff))\nreturn 1`,
    'writes a thousand reports': `for _ in range(1000): os.write(3, frame_of(b'${REPORT}'))\nos._exit(0)`,
  };
  return [
    ...Object.entries(forgeries).map(([name, body]) => ({
      name,
      program: lie(body),
      outcomes: ['forged', 'crashed', 'too-large', ...NO_CHANNEL] as const,
    })),
    {
      name: 'announces a report and never writes it',
      program: lie(`os.write(3, frame_of(b'{', 100))\nwhile True: pass`),
      outcomes: ['timeout', ...NO_CHANNEL],
    },
    {
      // By nature: the program is the one who says what it returned. It gains nothing, since it
      // cannot know what would be right; see SECURITY.md.
      name: 'reports a result of its own and leaves',
      program: lie(`os.write(3, frame_of(b'${REPORT}'))\nos._exit(0)`),
      outcomes: ['ok', 'forged', ...NO_CHANNEL],
      result: /^42$/,
    },
    {
      name: 'writes a report without the token beside the true one',
      program: entry('import os\nos.write(3, bytes(16) + b"\\x02\\x00\\x00\\x00{}")\nreturn 1'),
      outcomes: ['forged', ...NO_CHANNEL],
    },
    {
      name: 'writes a report without the token and leaves',
      program: entry('import os\nos.write(3, bytes(16) + b"\\x02\\x00\\x00\\x00{}")\nos._exit(0)'),
      outcomes: ['forged', ...NO_CHANNEL],
    },
    {
      name: 'writes what its owner would read as an answer',
      program: entry(
        'import os\nfor n in range(16):\n    try: os.write(n, bytes(64))\n    except OSError: pass\nreturn 1',
      ),
      outcomes: ['forged', 'ok', ...NO_CHANNEL],
      result: /^1$/,
    },
    {
      name: 'exchanges the writer of results',
      program: entry(`
import sys
frame = sys._getframe()
while frame:
    for name in ("values", "execution"):
        module = frame.f_globals.get(name)
        if module is not None and hasattr(module, "write_literal"):
            module.write_literal = lambda *_: "open('/etc/passwd')"
    frame = frame.f_back
return 1`),
      outcomes: ['forged', 'ok', ...NO_CHANNEL],
      result: /^1$/,
    },
    {
      name: 'returns an object equal to everything',
      program: entry(`
class A:
    def __eq__(self, other): return True
    def __repr__(self): return "1"
    __hash__ = None
return A()`),
      outcomes: ['unserialisable'],
    },
    {
      name: 'returns a disguised string',
      program: entry('class S(str):\n    def __repr__(self): return "1"\nreturn [S("2")]'),
      outcomes: ['unserialisable'],
    },
    {
      name: 'returns a disguised integer',
      program: entry('class I(int):\n    __class__ = int\nreturn I(2)'),
      outcomes: ['unserialisable'],
    },
    {
      name: 'returns a dict that changes while it is written',
      program: entry(`
class K(dict):
    def items(self):
        self[len(self)] = 1
        return dict.items(self)
return {1: K()}`),
      outcomes: ['unserialisable'],
    },
    {
      name: 'looks for secrets in its environment',
      program: entry('import os\nreturn str(dict(os.environ)) + str(os.environb)'),
      outcomes: ['ok', ...FAILURES],
      result: /^'\{\}environ\(\{\}\)'$/,
    },
  ];
}
