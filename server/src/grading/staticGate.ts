/**
 * What is decided about a program before it runs. This is not a safety boundary, the jail is; it saves
 * executions and gives a clear reason early.
 */
import type { GraderRules, ProgramInspection } from '../../protocol/sandbox.ts';
import type { RejectionReason } from '../../protocol/vocabulary.ts';

/** The reasons a static check gives. */
export type GateReason = Extract<
  RejectionReason,
  | 'format'
  | 'syntax'
  | 'program-too-large'
  | 'no-entry-function'
  | 'no-parameter'
  | 'forbidden-import'
  | 'banned-word'
>;

export interface GateRefusal {
  readonly reason: GateReason;
  readonly message: string;
  readonly line?: number;
}

/** What the text alone shows: its size and the banned words in it. */
export function checkText(program: string, rules: GraderRules): GateRefusal | undefined {
  if (program.length > rules.programCharacters) {
    const message = `The program has ${program.length} characters; the limit is ${rules.programCharacters}.`;
    return { reason: 'program-too-large', message };
  }
  for (const word of rules.bannedWords) {
    const found = wholeWord(word).exec(program);
    if (found !== null) {
      const line = program.slice(0, found.index).split('\n').length;
      return { reason: 'banned-word', message: `The word "${word}" is banned.`, line };
    }
  }
  return undefined;
}

/** What the parsed program shows: syntax, entry function, imports. */
export function checkInspection(
  inspection: ProgramInspection,
  rules: GraderRules,
): GateRefusal | undefined {
  const { syntax, entry, imports } = inspection;
  if (syntax !== undefined) {
    return { reason: 'syntax', ...syntax };
  }
  if (entry === undefined) {
    return { reason: 'no-entry-function', message: 'The program defines no function.' };
  }
  const foreign = imports.find(({ module }) => !rules.allowedImports.includes(module));
  if (foreign !== undefined) {
    const { module, line } = foreign;
    return { reason: 'forbidden-import', message: `Importing ${module} is not allowed.`, line };
  }
  return undefined;
}

/** What only a proposal must be: a function of something, and in some of the paper's scripts the only one. */
export function checkProposedFunction(
  inspection: ProgramInspection,
  rules: GraderRules,
): GateRefusal | undefined {
  const { functions, entry, parameters } = inspection;
  if (parameters?.length === 0) {
    return { reason: 'no-parameter', message: `The function ${entry} has no parameter.` };
  }
  if (rules.singleFunction && functions.length > 1) {
    const message = `The program defines ${functions.length} functions; exactly one is asked for.`;
    return { reason: 'format', message };
  }
  return undefined;
}

/** The word as it stands, not as part of a longer name; a banned word may contain dots. */
function wholeWord(word: string): RegExp {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<!\\p{ID_Continue})${escaped}(?!\\p{ID_Continue})`, 'u');
}
