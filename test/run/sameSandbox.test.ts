import { expect, test } from 'vitest';

import type { SandboxDescription } from '../../server/protocol/sandbox.ts';
import { requireSameSandbox } from '../../server/src/run/sameSandbox.ts';

function described(engine: string, pythonVersion: string): SandboxDescription {
  return { engine, pythonVersion, rings: [], notPromised: [] };
}

test('a run goes on with the engine and the Python that it began with, and with no other', () => {
  const wasm = described('wasm', '3.11.2');
  expect(() => {
    requireSameSandbox(wasm, undefined);
    requireSameSandbox(wasm, { ...wasm, rings: ['another ring'] });
  }).not.toThrow();
  expect(() => {
    requireSameSandbox(described('native', '3.11.2'), wasm);
  }).toThrow('The run used the wasm sandbox with Python 3.11.2; this one is native');
  expect(() => {
    requireSameSandbox(described('native', '3.12.1'), described('native', '3.11.7'));
  }).toThrow(
    'The run used the native sandbox with Python 3.11.7; this one is native with Python 3.12.1',
  );
});
