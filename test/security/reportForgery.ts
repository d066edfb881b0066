/** Pieces of programs that write to the channel of their result as an attacker who knows this project would. */

/** Finds the token that marks true reports, in the frames of the harness. */
const FIND_TOKEN = `
import os, sys
frame = sys._getframe()
while "nonce" not in frame.f_locals: frame = frame.f_back
token = frame.f_locals["nonce"]
def forged(value=42):
    report = b'{"outcome":"ok","output":"%d","stdout":"","wall":1,"cpu":1}' % value
    return token + len(report).to_bytes(4, "little") + report
def burn(rounds):
    for _ in range(rounds): pass
`;

/** A program whose entry function has this body; `before` stands at module level. */
export function entry(body: string, before = ''): string {
  const indented = body.trim().replaceAll('\n', '\n    ');
  return `${before}\ndef f(x):\n    ${indented}\n`;
}

/** The same, which knows the token; `forged()` is a report as the harness would write it. */
export function knowingToken(body: string): string {
  return entry(`${FIND_TOKEN.trim()}\n${body.trim()}`);
}
