/** Values and verdicts beside the lines they belong to. */
import { type InlayHint, InlayHintKind, type Range } from 'vscode-languageserver/node';

import type { RerunCase, RerunResult } from '../../../protocol/reruns.ts';
import { formatArguments } from '../../literal/format.ts';
import { parseArguments } from '../../literal/parse.ts';
import type { AzrDocument, CallMark } from '../documents/azrDocument.ts';
import { shownLine } from '../documents/shownText.ts';

/** Longer values are whole in the tooltip. */
const LABEL_CHARACTERS = 80;

/** The parts of a document that hints are made from. */
export type HintedDocument = Pick<AzrDocument, 'calls' | 'hints' | 'verdictLine' | 'text'>;

/** Hints of a document in `range`; `result` is the latest rerun of just this text. */
export function hintsOf(
  { calls, hints, verdictLine, text }: HintedDocument,
  range: Range,
  result: RerunResult | undefined,
): InlayHint[] {
  const stored = hints.map(({ line, end, label, tooltip }) =>
    hintAt(line, end, shortened(label), tooltip),
  );
  const cases = new Map(result?.cases.map((found) => [sameCall(found.input), found]));
  const fresh = calls.flatMap((call) => {
    const found = cases.get(sameCall(call.input));
    return found === undefined ? [] : [freshHint(call, found)];
  });
  const verdict = verdictLine === undefined ? [] : freshVerdict(text, verdictLine, result);
  return [...stored, ...fresh, ...verdict].filter(
    ({ position: { line } }) => line >= range.start.line && line <= range.end.line,
  );
}

function freshVerdict(text: string, line: number, result: RerunResult | undefined): InlayHint[] {
  if (result?.verdict === undefined) return [];
  const { verdict, verdictReason = '', problem } = result;
  const label = verdict === 'correct' ? 'now ✓ correct' : `now ✗ ${verdict} · ${verdictReason}`;
  const end = text.split(/\r\n|\r|\n/)[line]?.length ?? 0;
  const tooltip =
    problem === undefined ? 'The answer was judged again just now.' : shownLine(problem);
  return [hintAt(line, end, label, tooltip)];
}

function freshHint(call: CallMark, found: RerunCase): InlayHint {
  const { executions, expected, matches, deterministic } = found;
  const values = [...new Set(executions.map(valueText))];
  const value = values.join(' or ');
  const sign = !deterministic ? '≠ ' : matches === undefined ? '= ' : matches ? '✓ ' : '✗ ';
  const stored = expected === undefined || matches === true ? '' : ` (stored: ${expected})`;
  const tooltip = [
    deterministic ? 'Just now in the sandbox:' : 'Just now in the sandbox, and the runs differ:',
    ...values,
    ...(expected === undefined ? [] : [`Stored: ${expected}`]),
  ]
    .map(shownLine)
    .join('\n');
  return hintAt(call.line, call.end, sign + shortened(shownLine(`${value}${stored}`)), tooltip);
}

/** What one execution gave, in a few words. */
function valueText({ outcome, output, message }: RerunCase['executions'][number]): string {
  return output ?? `${outcome}: ${message ?? ''}`;
}

/** Equal for argument lists that are written differently and call the same. */
function sameCall(input: string): string {
  const parsed = parseArguments(input);
  return parsed.ok ? formatArguments(parsed.value) : input;
}

function hintAt(line: number, character: number, label: string, tooltip: string): InlayHint {
  return {
    position: { line, character },
    label,
    tooltip,
    kind: InlayHintKind.Type,
    paddingLeft: true,
  };
}

function shortened(text: string): string {
  return text.length <= LABEL_CHARACTERS ? text : `${text.slice(0, LABEL_CHARACTERS - 1)}…`;
}
