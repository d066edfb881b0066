/** How long a prompt may be, so that what is asked for still fits into the model's context. */
import type { LoopDependencies } from './context.ts';

/** Tokens a prompt may have: the context up to what a completion needs, of which half is kept at most. */
export function promptRoom(
  { engine, settings }: LoopDependencies,
  completionTokens: number,
): number {
  const { contextTokens } = engine.description;
  const reserved = Math.min(completionTokens, Math.floor(contextTokens / 2));
  return Math.min(settings.maximumPromptTokens, contextTokens - reserved);
}
