import type { ToRunner } from '../../../protocol/runnerMessages.ts';
import { readMessage } from '../../runs/readMessage.ts';

/** The message in `text`; undefined when there is none. */
export function readToRunner(text: string): ToRunner | undefined {
  const message = readMessage(text);
  switch (message?.kind) {
    case 'pause':
    case 'resume':
      return { kind: message.kind };
    case 'stop':
      return message['when'] === 'now' || message['when'] === 'after-step'
        ? { kind: 'stop', when: message['when'] }
        : undefined;
    default:
      return undefined;
  }
}
