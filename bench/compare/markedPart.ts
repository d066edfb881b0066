/** The part of a page that a command writes, between two marks that no reader sees. */
import { readFile, writeFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';

/** Puts `text` in the place of what `command` wrote into `file` before. Rejects where the marks are not there. */
export async function writeMarkedPart(file: string, command: string, text: string): Promise<void> {
  const begin = `<!-- What follows is written by \`${command}\`. -->`;
  const end = `<!-- What precedes is written by \`${command}\`. -->`;
  const page = await readFile(file, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has lost its marks: ${begin} ${end}`);
  const written = `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
  // The page is one that `npm run check` looks at.
  await writeFile(file, await format(written, { ...(await resolveConfig(file)), filepath: file }));
}
