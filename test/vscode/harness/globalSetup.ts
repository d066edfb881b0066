/** One VS Code for all tests of the project `vscode`. */
import path from 'node:path';

import type { TestProject } from 'vitest/node';

import { packExtension } from '../../../scripts/studio/packExtension.mjs';
import { type StudioAddress, startStudioServer } from './studioServer.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly studio: StudioAddress;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const root = path.resolve(import.meta.dirname, '../../..');
  const vsix = await packExtension({
    root,
    node: process.execPath,
    signal: new AbortController().signal,
  });
  const server = await startStudioServer({ vsix });
  project.provide('studio', server.address);
  return async () => {
    const left = await server.stop();
    if (left.length > 0) {
      throw new Error(`These processes outlived VS Code and every run:\n${left.join('\n')}`);
    }
  };
}
