/** What rejection and verdict reasons mean: the sections of docs/reasons.md. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { assetRoot } from '../../machine/assets.ts';

export interface ReasonPage {
  /** Text of the section about `reason`, in Markdown; undefined when the page has none. */
  readonly explanation: (reason: string) => string | undefined;
  /** A link that opens the page at the section. */
  readonly link: (reason: string) => string | undefined;
}

interface Section {
  readonly line: number;
  readonly text: string;
}

let page: ReasonPage | undefined;

/** The page that ships with this program; read once. */
export function reasonPage(): ReasonPage {
  page ??= readReasonPage(path.join(assetRoot(), 'docs', 'reasons.md'));
  return page;
}

/** An installation without the page explains less, and still works. */
export function readReasonPage(file: string): ReasonPage {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { explanation: () => undefined, link: () => undefined };
  }
  const sections = readSections(text);
  const address = pathToFileURL(file).href;
  return {
    explanation: (reason) => sections.get(reason)?.text,
    link: (reason) => {
      const section = sections.get(reason);
      // Editors open a file at a line where the fragment is one.
      return section && `${address}#L${section.line + 1}`;
    },
  };
}

function readSections(text: string): Map<string, Section> {
  const sections = new Map<string, Section>();
  const lines = text.split(/\r?\n/);
  const headings = lines.flatMap((line, index) => (line.startsWith('## ') ? [index] : []));
  for (const [order, line] of headings.entries()) {
    const body = lines.slice(line + 1, headings[order + 1]);
    sections.set(lines[line]!.slice(3).trim(), { line, text: body.join('\n').trim() });
  }
  return sections;
}
