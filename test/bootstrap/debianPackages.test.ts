/** Debian's packages, installed by root: what the tests need is there afterwards, or said to be missing. */
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { installBrowser } from '../../scripts/bootstrap/browser.mjs';
import { bubblewrapIsSettled, installBubblewrap } from '../../scripts/bootstrap/bubblewrap.mjs';
import { debianPackagesAreOurs } from '../../scripts/bootstrap/debianPackages.mjs';
import { layoutOf } from '../../scripts/bootstrap/layout.mjs';
import { Clone } from './clone.ts';

/** Knows no package before `update`; then those in `known packages`, of which bubblewrap is a program. */
const APT_GET = `#!/bin/sh
echo "apt-get $*" >> calls.log
last=
for last; do :; done
if [ "$last" = update ]; then : > updated; exit 0; fi
while read -r known; do
  if [ "$known" = "$last" ] && [ -e updated ]; then
    if [ "$last" = bubblewrap ]; then : > 'fake programs/bwrap'; fi
    exit 0
  fi
done < 'known packages'
echo "E: Unable to locate package $last"
exit 100
`;

let clone: Clone;

beforeEach(() => {
  clone = new Clone();
  vi.stubEnv('PATH', clone.installFakes({}));
  vi.stubEnv('AZR_CHROMIUM', undefined);
  process.getuid = () => 0;
  addProgram('apt-get', APT_GET);
  addProgram('dpkg', '#!/bin/sh\necho "dpkg $*" >> calls.log\n');
});

const { getuid } = process;
afterEach(() => {
  if (getuid !== undefined) process.getuid = getuid;
  vi.unstubAllEnvs();
  clone.remove();
});

function addProgram(name: string, text: string): void {
  clone.write(`fake programs/${name}`, text);
  chmodSync(path.join(clone.root, 'fake programs', name), 0o755);
}

const options = { signal: new AbortController().signal, onLine: () => undefined };

/** What was done, without the options that are the same every time. */
function calls(): readonly string[] {
  return clone.calls().map((call) => call.replaceAll(/ -\S+( DPkg\S+)?/g, ''));
}

test('on a new machine the index of packages is fetched, and bubblewrap is found from then on', async () => {
  clone.write('known packages', 'bubblewrap\n');
  expect(bubblewrapIsSettled()).toBe(false);

  expect(await installBubblewrap(layoutOf(clone.root), options)).toBeUndefined();

  expect(bubblewrapIsSettled()).toBe(true);
  expect(calls()).toEqual([
    'dpkg',
    'apt-get install bubblewrap',
    'apt-get update',
    'apt-get install bubblewrap',
  ]);
});

test('an index that is there is not fetched again', async () => {
  clone.write('known packages', 'bubblewrap\n');
  clone.write('updated', '');
  expect(await installBubblewrap(layoutOf(clone.root), options)).toBeUndefined();
  expect(calls()).toEqual(['dpkg', 'apt-get install bubblewrap']);
});

test('a system without bubblewrap is told what is left out, and where to read why', async () => {
  clone.write('known packages', '');
  const missing = await installBubblewrap(layoutOf(clone.root), options);
  expect(missing).toContain('some tests of the sandbox are left out');
  const logFile = missing!.split('Full log: ')[1]!;
  expect(existsSync(logFile)).toBe(true);
});

test('where there is no headless shell, Chromium will do, and without both a person is told', async () => {
  clone.write('known packages', 'chromium\n');
  await installBrowser(layoutOf(clone.root), options);
  expect(calls().at(-1)).toBe('apt-get install fonts-dejavu-core chromium');

  clone.write('known packages', '');
  await expect(installBrowser(layoutOf(clone.root), options)).rejects.toMatchObject({
    message: expect.stringContaining('installing Chromium') as string,
  });
});

test('packages are root’s to install, by apt-get', () => {
  expect(debianPackagesAreOurs()).toBe(true);
  process.getuid = () => 1000;
  expect(debianPackagesAreOurs()).toBe(false);
  expect(bubblewrapIsSettled()).toBe(true);
  process.getuid = () => 0;
  clone.remove('fake programs/apt-get');
  expect(debianPackagesAreOurs()).toBe(false);
});
