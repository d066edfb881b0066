/**
 * Text that somebody else wrote, for the places of an editor that read markup in a plain text. VS Code
 * makes a link of `[text](command:…)` in notifications, prompts and dialogs, and an icon of `$(name)` in
 * quick picks, lenses and the status bar.
 */
import { visibleText } from './visibleText.ts';

/** A path and a sentence fit; a model's name of a megabyte does not fill the screen. */
const MAXIMUM_CHARACTERS = 1000;

/** `text` on one line of at most {@link MAXIMUM_CHARACTERS}, every character visible and none of it markup. */
export function foreignText(text: string): string {
  const characters =
    text.length > MAXIMUM_CHARACTERS ? `${text.slice(0, MAXIMUM_CHARACTERS - 1)}…` : text;
  return withoutMarkup(visibleText(characters.replaceAll(/\s*[\r\n]+\s*/g, ' ')));
}

/** `text` with a space inside whatever would begin a link or an icon: `[text] (…)`, `$ (name)`. */
export function withoutMarkup(text: string): string {
  return text.replaceAll('](', '] (').replaceAll('$(', '$ (');
}
