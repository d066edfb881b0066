/**
 * Text that may be shown by VS Code: it holds no link and no icon but ours. Only this file and `t()` of
 * localise.ts make one; the surfaces of safeWindow.ts and safeItems.ts take nothing else.
 */
import { foreignText as withoutMarkupOrControls } from '../../../server/protocol/foreignText.ts';

declare const SAFE: unique symbol;
export type SafeText = string & { readonly [SAFE]: true };

/** A text that somebody else wrote, on one line, as what it is: no character of it is markup or hidden. */
export function foreignText(text: string | number): SafeText {
  return withoutMarkupOrControls(String(text)) as SafeText;
}

/** Safe parts with something of ours between them, such as ` · `. */
export function joined(parts: readonly SafeText[], separator: string): SafeText {
  return parts.join(separator) as SafeText;
}

/** `$(icon) text`, for quick picks and the status bar. */
export function withIcon(icon: IconName, text: SafeText): SafeText {
  return `$(${icon}) ${text}` as SafeText;
}

/** The codicons that stand in texts. */
export type IconName =
  | 'add'
  | 'beaker'
  | 'check'
  | 'chip'
  | 'circle-slash'
  | 'clippy'
  | 'debug-pause'
  | 'debug-stop'
  | 'error'
  | 'folder-opened'
  | 'graph-line'
  | 'json'
  | 'list-tree'
  | 'pass'
  | 'play'
  | 'save'
  | 'settings-gear'
  | 'sync~spin'
  | 'warning';
