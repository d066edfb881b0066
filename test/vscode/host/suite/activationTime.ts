import { EXTENSION_ID } from './studio.ts';

/**
 * How long the call of `activate` took, without the loading of the code; NaN before it was called.
 * VS Code keeps its own marks to itself in Node, and leaves this way to read them.
 */
export function activationMs(): number {
  return markedAt('didActivateExtension') - markedAt('willActivateExtension');
}

function markedAt(name: string): number {
  const { MonacoPerformanceMarks } = globalThis as unknown as {
    MonacoPerformanceMarks?: { getMarks(): readonly { name: string; startTime: number }[] };
  };
  const wanted = `code/extHost/${name}/${EXTENSION_ID}`;
  return (
    MonacoPerformanceMarks?.getMarks().find((mark) => mark.name === wanted)?.startTime ?? Number.NaN
  );
}
