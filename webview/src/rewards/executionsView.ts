/** What each execution in the sandbox did. */
import type { Execution, InputOutput } from '../../../server/protocol/sandbox.ts';
import { element } from '../ui/elements.ts';
import { durationText, quantityText } from '../ui/numberText.ts';
import { shownText } from '../ui/shownText.ts';
import { codeBlock } from './codeBlock.ts';

/** Lists may hold as many executions as a task has examples; a page shows the first of them. */
const MOST_SHOWN = 20;
const SHORT_CHARACTERS = 2000;

export function executionsView(
  executions: readonly Execution[],
  expected: readonly InputOutput[] = [],
): HTMLElement {
  if (executions.length === 0) {
    return element('p', 'hint', 'Nothing was executed: the verdict was decided before.');
  }
  const shown = executions.slice(0, MOST_SHOWN);
  return element(
    'div',
    {},
    element(
      'ol',
      { className: 'executions', attributes: { 'aria-label': 'Executions' } },
      ...shown.map((execution, index) => executionItem(execution, expected[index])),
    ),
    executions.length > shown.length &&
      element('p', 'hint', `${String(executions.length - shown.length)} more are not shown.`),
  );
}

export function expectedView(expected: readonly InputOutput[]): HTMLElement | undefined {
  if (expected.length === 0) return undefined;
  return element(
    'dl',
    'fields',
    ...expected
      .slice(0, MOST_SHOWN)
      .flatMap(({ input, output }) => [
        element('dt', {}, `f(${shownText(input, SHORT_CHARACTERS).text})`),
        element('dd', {}, `should be ${shownText(output, SHORT_CHARACTERS).text}`),
      ]),
  );
}

function executionItem(execution: Execution, expected: InputOutput | undefined): HTMLElement {
  const { outcome, output, message, line, stdout, durationMs, cpuMs, memoryKb } = execution;
  const good = outcome === 'ok';
  return element(
    'li',
    {},
    element(
      'div',
      'execution-head',
      element('span', good ? 'outcome good' : 'outcome bad', `${good ? '✓' : '✗'} ${outcome}`),
      expected && element('code', {}, `f(${shownText(expected.input, 200).text})`),
    ),
    output !== undefined &&
      element('code', 'execution-value', `→ ${shownText(output, SHORT_CHARACTERS).text}`),
    message !== undefined &&
      element(
        'p',
        'execution-message',
        `${line === undefined ? '' : `Line ${String(line)}: `}${shownText(message, SHORT_CHARACTERS).text}`,
      ),
    element(
      'p',
      'hint',
      `${durationText(durationMs)}, of which ${durationText(cpuMs)} CPU; ${quantityText(memoryKb / 1024)} MiB`,
    ),
    stdout !== '' &&
      element('details', {}, element('summary', {}, 'Printed'), codeBlock('Printed', stdout)),
  );
}
