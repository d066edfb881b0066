/**
 * Checks what a page sends. A page shows what a model wrote, so its messages are not taken on trust:
 * only the shapes and the few requests of the protocol pass.
 */
import { type Measurement, MOST_COMPARED } from '../../../server/protocol/comparison.ts';
import { documentAddress } from '../../../server/protocol/documents.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import {
  PAGE_REQUESTS,
  type PageAction,
  type PageMessage,
} from '../../../server/protocol/webviewMessages.ts';

/** Most JSON a page may leave to come back to. */
const MAXIMUM_MEMORY_CHARACTERS = 10_240;

type Fields = Readonly<Record<string, unknown>>;

/** The message, or why it is refused. */
export function pageMessage(value: unknown): PageMessage | { readonly refused: string } {
  if (!isRecord(value)) return { refused: 'A page sent something that is not a message.' };
  switch (value['kind']) {
    case 'ready':
      return isInteger(value['protocolVersion'])
        ? { kind: 'ready', protocolVersion: value['protocolVersion'] }
        : { refused: 'A page did not say which protocol it speaks.' };
    case 'request':
      return requestMessage(value);
    case 'cancel':
      return isInteger(value['id'])
        ? { kind: 'cancel', id: value['id'] }
        : { refused: 'A page did not say which request it gives up.' };
    case 'action':
      return actionMessage(value['action']);
    case 'defect':
      return { kind: 'defect', message: visibleText(String(value['message']).slice(0, 2000)) };
    default:
      return { refused: `A page sent a message of unknown kind ${JSON.stringify(value['kind'])}.` };
  }
}

function requestMessage(value: Fields): PageMessage | { readonly refused: string } {
  const method = PAGE_REQUESTS.find((candidate) => candidate === value['method']);
  if (method === undefined || !isInteger(value['id']) || !isRecord(value['parameters'])) {
    return { refused: `A page may not ask for ${JSON.stringify(value['method'])}.` };
  }
  return { kind: 'request', id: value['id'], method, parameters: value['parameters'] };
}

function actionMessage(value: unknown): PageMessage | { readonly refused: string } {
  const action = isRecord(value) ? pageAction(value) : undefined;
  return action === undefined
    ? {
        refused: `A page asked for an unknown action: ${JSON.stringify(value ?? null).slice(0, 200)}`,
      }
    : { kind: 'action', action };
}

function pageAction(value: Fields): PageAction | undefined {
  const { kind, uri, runId, rolloutId, step } = value;
  switch (kind) {
    case 'open-document':
    case 'rerun':
      return typeof uri === 'string' && documentAddress(uri) !== undefined
        ? { kind, uri }
        : undefined;
    case 'show-rewards':
      return typeof runId === 'string' && isInteger(rolloutId)
        ? { kind, runId, rolloutId }
        : undefined;
    case 'reveal-step':
      return typeof runId === 'string' && isInteger(step) ? { kind, runId, step } : undefined;
    case 'compare-answers':
      return compareAnswers(value);
    case 'compare': {
      const measurements = measurementsIn(value['measurements']);
      return measurements === undefined ? undefined : { kind, measurements };
    }
    case 'remember': {
      const memory = value['memory'];
      const size = JSON.stringify(memory ?? null).length;
      return size <= MAXIMUM_MEMORY_CHARACTERS ? { kind, memory } : undefined;
    }
    default:
      return undefined;
  }
}

function compareAnswers({
  runId,
  runIdAfter,
  rolloutBefore,
  rolloutAfter,
}: Fields): PageAction | undefined {
  if (typeof runId !== 'string' || !isInteger(rolloutBefore) || !isInteger(rolloutAfter)) {
    return undefined;
  }
  const answers = { kind: 'compare-answers', runId, rolloutBefore, rolloutAfter } as const;
  if (runIdAfter === undefined) return answers;
  return typeof runIdAfter === 'string' ? { ...answers, runIdAfter } : undefined;
}

/** What a comparison is made of, and nothing else that is there; undefined where it is not one. */
export function measurementsIn(value: unknown): readonly Measurement[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_COMPARED) return undefined;
  const found = value.flatMap((one: unknown) => {
    if (!isRecord(one)) return [];
    const { runId, step } = one;
    if (typeof runId !== 'string') return [];
    if (step === undefined) return [{ runId }];
    return isInteger(step) ? [{ runId, step }] : [];
  });
  return found.length === value.length ? found : undefined;
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
