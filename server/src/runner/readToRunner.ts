import type { ToRunner } from '../../protocol/runnerMessages.ts';

/** The message that `text` is; undefined when it is none. */
export function readToRunner(text: string): ToRunner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined;
  switch (value.kind) {
    case 'pause':
    case 'resume':
      return { kind: value.kind };
    case 'stop':
      return 'when' in value && (value.when === 'now' || value.when === 'after-step')
        ? { kind: 'stop', when: value.when }
        : undefined;
    default:
      return undefined;
  }
}
