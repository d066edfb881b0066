/** The interpreter as it ships: found, checked against its manifest, and unpacked. */
import { ProblemError } from '../../../protocol/problem.ts';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

/** Where the interpreter and the harness lie beside the sources; a bundle names its own copy. */
export const DEFAULT_SANDBOX_FOLDER = fileURLToPath(new URL('../../../sandbox', import.meta.url));

/** Parts of `manifest.json` that matter here; `server/sandbox/build` writes it. */
interface Manifest {
  readonly file: string;
  readonly sha256: string;
  readonly uncompressedBytes: number;
  readonly pythonVersion: string;
}

export interface Interpreter {
  readonly pythonVersion: string;
  readonly program: Uint8Array;
  /** Of the file that the program was unpacked from, and checked against. */
  readonly digest: string;
  readonly bootSource: string;
}

const HARNESS = [
  'values',
  'reserve',
  'execution',
  'normal_form',
  'chance',
  'construct_names',
  'subscripts',
  'own_functions',
  'constructs',
  'inspection',
  'wire',
  'service',
  'surroundings',
  'preload',
];

/** Reads and checks it; throws a ProblemError when it is missing or is not what was shipped. */
export async function loadInterpreter(sandboxFolder: string): Promise<Interpreter> {
  const folder = path.join(sandboxFolder, 'wasm');
  const [manifest, bootSource] = await Promise.all([
    readManifest(folder),
    readBootSource(sandboxFolder),
  ]);
  const file = path.join(folder, manifest.file);
  const compressed = await readShipped(file);
  const digest = createHash('sha256').update(compressed).digest('hex');
  if (digest !== manifest.sha256) {
    throw damaged(`${file} is not the file that was shipped: its checksum is ${digest}.`);
  }
  const program = await promisify(brotliDecompress)(compressed, {
    maxOutputLength: manifest.uncompressedBytes,
  });
  return { pythonVersion: manifest.pythonVersion, program, digest, bootSource };
}

async function readManifest(folder: string): Promise<Manifest> {
  const file = path.join(folder, 'manifest.json');
  const text = (await readShipped(file)).toString('utf8');
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw damaged(`${file} cannot be read (${(error as Error).message}).`);
  }
}

/**
 * The harness as one Python text: its files by name, then the entry point that loads them. It is compiled
 * from within Python, which frees what compiling takes before the text runs, and kept: what is freed
 * after it would be used first by programs, at the same addresses in both variants.
 */
async function readBootSource(sandboxFolder: string): Promise<string> {
  const read = async (...parts: string[]): Promise<string> =>
    (await readShipped(path.join(sandboxFolder, ...parts))).toString('utf8');
  const texts = await Promise.all(HARNESS.map((name) => read('harness', `${name}.py`)));
  const sources = Object.fromEntries(HARNESS.map((name, index) => [name, texts[index]]));
  // A JSON object of texts is a Python dictionary of texts, and a JSON text a Python text.
  const text = `SOURCES = ${JSON.stringify(sources)}\n${await read('wasm_entry.py')}`;
  return `BOOT = compile(${JSON.stringify(text)}, "<boot>", "exec")\nexec(BOOT)`;
}

async function readShipped(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw damaged(`${file} cannot be read (${(error as Error).message}).`);
  }
}

function damaged(message: string): ProblemError {
  return new ProblemError({
    code: 'damaged-installation',
    message,
    remedy:
      'AZR Studio refuses to run programs with a modified interpreter. Install AZR Studio again, or in a clone restore server/sandbox/wasm.',
  });
}
