import type { Engine } from '../../protocol/engine.ts';
export function openEngine(..._: unknown[]): Promise<Engine> {
  throw new Error('not yet');
}
