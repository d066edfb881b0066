/** What an editor shows in and around a document: symbols, links, hovers and diagnostics. */
import {
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentLink,
  type DocumentSymbol,
  type Hover,
  MarkupKind,
  type Position,
  type Range,
  SymbolKind,
} from 'vscode-languageserver/node';

import type { AzrDocument, Place, SectionMark } from '../documents/azrDocument.ts';
import { reasonPage } from '../documents/reasons.ts';
import { explanationOf } from './explanations.ts';

function rangeOf({ line, start, end }: Place): Range {
  return { start: { line, character: start }, end: { line, character: end } };
}

const SYMBOL_KINDS: Readonly<Record<SectionMark['kind'], SymbolKind>> = {
  header: SymbolKind.File,
  program: SymbolKind.Module,
  examples: SymbolKind.Array,
  answer: SymbolKind.Object,
};

export function documentSymbols({ sections, text }: AzrDocument): DocumentSymbol[] {
  const lines = text.split('\n');
  return sections
    .toSorted((left, right) => left.firstLine - right.firstLine)
    .map(({ name, kind, firstLine, lastLine }) => {
      const range = {
        start: { line: firstLine, character: 0 },
        end: { line: lastLine, character: lines[lastLine]?.length ?? 0 },
      };
      const selectionRange = { start: range.start, end: range.start };
      return { name, kind: SYMBOL_KINDS[kind], range, selectionRange };
    });
}

export function documentLinks({ links }: AzrDocument): DocumentLink[] {
  return links.map((link) => ({
    range: rangeOf(link),
    target: link.target,
    tooltip: link.tooltip,
  }));
}

export function hoverAt({ terms }: AzrDocument, { line, character }: Position): Hover | null {
  const mark = terms.find(
    (term) => term.line === line && term.start <= character && character <= term.end,
  );
  const value = mark && explanationOf(mark.term);
  if (value === undefined) return null;
  return { contents: { kind: MarkupKind.Markdown, value }, range: rangeOf(mark!) };
}

export function documentDiagnostics({ problems }: AzrDocument): Diagnostic[] {
  return problems.map((problem) => {
    const href = reasonPage().link(problem.code);
    return {
      range: rangeOf(problem),
      severity:
        problem.severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
      source: 'AZR',
      code: problem.code,
      message: problem.message,
      ...(href !== undefined && { codeDescription: { href } }),
    };
  });
}
