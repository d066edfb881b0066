/** A refusal in the place where its answer would have stood: what happened, and what to do about it. */
import type { Problem } from '../../../server/protocol/problem.ts';
import { element } from './elements.ts';
import { button } from './toolkit.ts';

export function problemNotice(problem: Problem, onRetry?: () => void): HTMLElement {
  return element(
    'div',
    { className: 'notice problem', attributes: { role: 'alert' } },
    element('p', 'notice-title', problem.message),
    element('p', {}, problem.remedy),
    onRetry && button({ label: 'Try again', onPress: onRetry }),
  );
}

/** Nothing to show yet: what will stand here, and when. */
export function emptyNotice(title: string, ...sentences: readonly string[]): HTMLElement {
  return element(
    'div',
    'notice empty',
    element('h1', 'notice-title', title),
    ...sentences.map((sentence) => element('p', {}, sentence)),
  );
}
