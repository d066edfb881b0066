/** Writes a document line by line and notes what stands where. */
import type {
  AzrDocument,
  CallMark,
  DocumentFacts,
  HintMark,
  LinkMark,
  ProblemMark,
  SectionMark,
  TermMark,
} from './azrDocument.ts';
import { shownLine, shownLines, shownProgram } from './shownText.ts';

/** A part of a comment line: text of ours or of a model, a word to explain, or a link. */
export type Part =
  | string
  | { readonly text: string; readonly term: string }
  | { readonly text: string; readonly target: string; readonly tooltip: string };

export class DocumentBuilder {
  readonly #lines: string[] = [];
  readonly #terms: TermMark[] = [];
  readonly #links: LinkMark[] = [];
  readonly #calls: CallMark[] = [];
  readonly #hints: HintMark[] = [];
  readonly #sections: SectionMark[] = [];
  #verdictLine: number | undefined;
  readonly #problems: ProblemMark[] = [];

  /** Number of the line that is written next, from 0. */
  get nextLine(): number {
    return this.#lines.length;
  }

  /** One comment line; whatever stands in a part, it stays on this line. */
  comment(...parts: readonly Part[]): this {
    let line = '# ';
    for (const part of parts) {
      const text = shownLine(typeof part === 'string' ? part : part.text);
      const place = {
        line: this.#lines.length,
        start: line.length,
        end: line.length + text.length,
      };
      if (typeof part !== 'string') {
        if ('term' in part) this.#terms.push({ ...place, term: part.term });
        else this.#links.push({ ...place, target: part.target, tooltip: part.tooltip });
      }
      line += text;
    }
    this.#lines.push(line.trimEnd());
    return this;
  }

  /** A text of a model as comment, one line of it per line. */
  commentText(text: string): this {
    for (const line of shownLines(text)) this.#lines.push(`#   ${line}`.trimEnd());
    return this;
  }

  blank(): this {
    this.#lines.push('');
    return this;
  }

  /** A program as code; returns the line on which it starts. */
  program(text: string, name: string): number {
    const firstLine = this.#lines.length;
    this.#lines.push(...shownProgram(text).split('\n'));
    this.section(name, 'program', firstLine);
    return firstLine;
  }

  /** Code of ours with literals in it, on one line. */
  code(text: string): this {
    this.#lines.push(shownLine(text));
    return this;
  }

  /** `prefix f(input)  # → value`, with the call marked. */
  call(
    call: { readonly name: string; readonly input: string; readonly prefix?: string },
    value: string | undefined,
  ): this {
    const code = shownLine(`${call.prefix ?? ''}${call.name}(${call.input})`);
    const line = value === undefined ? code : `${code}  # → ${shownLine(value)}`;
    this.#calls.push(this.#markEnd(line, call.input));
    this.#lines.push(line);
    return this;
  }

  /** A call that must stay a comment, marked like any other. */
  commentedCall(name: string, input: string, rest = ''): this {
    const line = `#   ${shownLine(`${name}(${input})${rest}`)}`;
    this.#calls.push(this.#markEnd(line, input));
    this.#lines.push(line);
    return this;
  }

  /** Text beside `line`, which is the last one written if none is named. */
  hint(label: string, tooltip: string, line = this.#lines.length - 1): this {
    const { length } = this.#lines[line]!;
    this.#hints.push({ line, start: length, end: length, label: shownLine(label), tooltip });
    return this;
  }

  /** The verdict, beside the line of the answer. */
  verdict(label: string, tooltip: string, line: number): this {
    this.#verdictLine = line;
    return this.hint(label, tooltip, line);
  }

  /** Everything from `firstLine` to the last line written is one section. */
  section(name: string, kind: SectionMark['kind'], firstLine: number): this {
    this.#sections.push({ name, kind, firstLine, lastLine: this.#lines.length - 1 });
    return this;
  }

  /** A problem that covers a whole line; lines beyond the document fall on its last one. */
  problem(line: number, problem: Pick<ProblemMark, 'severity' | 'code' | 'message'>): this {
    const existing = Math.max(0, Math.min(line, this.#lines.length - 1));
    const text = this.#lines[existing] ?? '';
    const start = text.length - text.trimStart().length;
    this.#problems.push({ ...problem, line: existing, start, end: Math.max(text.length, 1) });
    return this;
  }

  build(facts: DocumentFacts | undefined): AzrDocument {
    return {
      text: `${this.#lines.join('\n')}\n`,
      terms: this.#terms,
      links: this.#links,
      calls: this.#calls,
      hints: this.#hints,
      sections: this.#sections,
      problems: this.#problems,
      ...(this.#verdictLine !== undefined && { verdictLine: this.#verdictLine }),
      ...(facts !== undefined && { facts }),
    };
  }

  #markEnd(line: string, input: string): CallMark {
    return { line: this.#lines.length, start: 0, end: line.length, input };
  }
}
