/**
 * Text that may be shown by VS Code: it holds no link and no icon but ours. Only this file makes one; the
 * surfaces of safeWindow.ts and safeItems.ts take nothing else.
 */
import {
  foreignText as withoutMarkupOrControls,
  withoutMarkup,
} from '../../../server/protocol/foreignText.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';

declare const SAFE: unique symbol;
export type SafeText = string & { readonly [SAFE]: true };

/**
 * `message`, a text of ours, its `{0}`, `{1}` … replaced by `values`, which may be anybody's. The whole is
 * looked through once more: a link may be made of the end of one value and the start of the next.
 */
export function t(message: string, ...values: (string | number)[]): SafeText {
  return withoutMarkup(filled(message, values.map(foreignText))) as SafeText;
}

/**
 * The same for an output channel, which shows a text as what it is: nothing is taken for markup there, and
 * values stay whole.
 */
export function inOutput(message: string, ...values: (string | number)[]): string {
  return visibleText(filled(message, values));
}

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

function filled(message: string, values: readonly (string | number)[]): string {
  return message.replaceAll(/\{(\d+)\}/g, (placeholder, index: string) =>
    String(values[Number(index)] ?? placeholder),
  );
}

/** The codicons that stand in texts. */
export type IconName =
  | 'add'
  | 'beaker'
  | 'check'
  | 'chip'
  | 'circle-slash'
  | 'clippy'
  | 'cloud-download'
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
