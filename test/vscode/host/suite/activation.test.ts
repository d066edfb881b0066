/** The first thing that happens; its file's name keeps it the first. */
import assert from 'node:assert/strict';

import { commands, extensions } from 'vscode';

import { activationMs } from './activationTime.ts';
import { EXTENSION_ID } from './studio.ts';

/** Budget of DESIGN §7. */
const ACTIVATION_BUDGET_MS = 50;

describe('activation', () => {
  it('is not needed before something of AZR Studio is asked for', () => {
    assert.equal(extensions.getExtension(EXTENSION_ID)?.isActive, false);
  });

  it(`takes at most ${String(ACTIVATION_BUDGET_MS)} ms`, async () => {
    const extension = extensions.getExtension(EXTENSION_ID);
    await extension?.activate();
    assert.equal(extension?.isActive, true);
    const tookMs = activationMs();
    assert.ok(tookMs <= ACTIVATION_BUDGET_MS, `it took ${tookMs.toFixed(1)} ms`);
  });

  it('registers every command of the manifest', async () => {
    const manifest = extensions.getExtension(EXTENSION_ID)?.packageJSON as {
      contributes: { commands: readonly { command: string }[] };
    };
    const registered = new Set(await commands.getCommands(true));
    const contributed = manifest.contributes.commands.map(({ command }) => command);
    assert.ok(contributed.length > 10);
    assert.deepEqual(
      contributed.filter((command) => !registered.has(command)),
      [],
    );
  });
});
