import { afterEach, describe, expect, it } from 'vitest';

import { SandboxOwner } from '../../server/src/languageServer/reruns/sandboxOwner.ts';
import { openGrader, type OpenGrader } from '../../server/src/run/openGrader.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';

const SETTINGS = completeSettings([], 'test');
const OTHER = completeSettings([{ cpuMs: 500 }], 'test');
const PROGRAM = 'def f(a):\n    return a + 1';

let owner: SandboxOwner;
afterEach(async () => {
  await owner.close();
});

async function outputOf({ sandbox }: OpenGrader): Promise<string | undefined> {
  return (await sandbox.run(PROGRAM, '1')).output;
}

async function settled(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('It did not happen within 20 seconds.');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('the sandbox of reruns', () => {
  it('is opened once for all who ask, and closed when nobody does', async () => {
    let opened = 0;
    owner = new SandboxOwner((settings) => {
      opened += 1;
      return openGrader(settings);
    }, 50);
    expect(owner.openCount).toBe(0);
    const outputs = await Promise.all([1, 2, 3].map(() => owner.use(SETTINGS, outputOf)));
    expect(outputs).toEqual(['2', '2', '2']);
    expect(opened).toBe(1);
    await settled(() => owner.openCount === 0);
    expect(await owner.use(SETTINGS, outputOf)).toBe('2');
    expect(opened).toBe(2);
  });

  it('is another one for other settings, and the one before ends with its last user', async () => {
    owner = new SandboxOwner(openGrader, 60_000);
    let finish: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const first = owner.use(SETTINGS, async (open) => {
      await waits;
      return outputOf(open);
    });
    expect(await owner.use(OTHER, outputOf)).toBe('2');
    expect(owner.openCount).toBe(2);
    finish();
    expect(await first).toBe('2');
    expect(owner.openCount).toBe(1);
  });

  it('is tried again after it could not be opened', async () => {
    let failures = 1;
    owner = new SandboxOwner((settings) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('no Python')) : openGrader(settings);
    }, 60_000);
    await expect(owner.use(SETTINGS, outputOf)).rejects.toThrow('no Python');
    expect(await owner.use(SETTINGS, outputOf)).toBe('2');
  });

  it('is not opened any more after its end', async () => {
    owner = new SandboxOwner(openGrader, 60_000);
    await owner.close();
    await expect(owner.use(SETTINGS, outputOf)).rejects.toThrow('shutting down');
    expect(owner.openCount).toBe(0);
  });
});
