/**
 * Prepared interpreters in the user's cache, so that a sandbox opens without starting Python: the same
 * inputs always prepare the same bytes. Nothing depends on it: what is missing, damaged or cannot be
 * written is prepared again. Programs cannot reach it; who can write there can change this program too.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Variant } from '../sandboxServer.ts';
import type { Prepared, WorkerStart } from './messages.ts';

/** Of a file: the digest of all that follows, the stack pointer, the memory. */
const DIGEST_BYTES = 32;
const HEADER_BYTES = DIGEST_BYTES + 4;
const SUFFIX = '.state';
/** What other versions keep beside ours, or left half-written, goes after so long. */
const KEPT_MS = 30 * 24 * 3_600_000;

type States = { -readonly [V in keyof WorkerStart['prepared']]: Prepared };

export class PreparedStates {
  readonly #folder: string;
  readonly #key: string;

  /** @param inputs all that the bytes of a prepared interpreter follow from */
  constructor(inputs: Pick<WorkerStart, 'program' | 'bootSource' | 'variants'>, folder: string) {
    const { program, bootSource, variants } = inputs;
    this.#folder = folder;
    this.#key = createHash('sha256')
      .update(program)
      .update(JSON.stringify([bootSource, variants]))
      .digest('hex')
      .slice(0, 32);
  }

  /** Those that are there and whole. */
  async read(): Promise<States> {
    const [first, second] = await Promise.all([this.#readOne(0), this.#readOne(1)]);
    return { ...(first !== undefined && { 0: first }), ...(second !== undefined && { 1: second }) };
  }

  /** Keeps it for later, if that can be; never throws. */
  async write(variant: Variant, { memory, stackPointer }: Prepared): Promise<void> {
    const file = this.#file(variant);
    const fresh = `${file}.${process.pid}`;
    const content = Buffer.allocUnsafe(HEADER_BYTES + memory.length);
    content.writeUInt32LE(stackPointer, DIGEST_BYTES);
    content.set(memory, HEADER_BYTES);
    content.set(digestOf(content), 0);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await writeFile(fresh, content, { mode: 0o600 });
      await rename(fresh, file);
      await this.#forgetOld();
    } catch {
      // A read-only home or a full disk: the next sandbox prepares its own again.
      await rm(fresh, { force: true }).catch(() => undefined);
    }
  }

  async #readOne(variant: Variant): Promise<Prepared | undefined> {
    const content = await readFile(this.#file(variant)).catch(() => undefined);
    if (content === undefined || content.length <= HEADER_BYTES) return undefined;
    if (!content.subarray(0, DIGEST_BYTES).equals(digestOf(content))) return undefined;
    const memory = new Uint8Array(content.subarray(HEADER_BYTES));
    return { memory, stackPointer: content.readUInt32LE(DIGEST_BYTES) };
  }

  #file(variant: Variant): string {
    return path.join(this.#folder, `${this.#key}-${variant}${SUFFIX}`);
  }

  async #forgetOld(): Promise<void> {
    const names = await readdir(this.#folder);
    for (const name of names) {
      const file = path.join(this.#folder, name);
      if (file === this.#file(0) || file === this.#file(1)) continue;
      const { mtimeMs } = await stat(file);
      if (Date.now() - mtimeMs > KEPT_MS) await rm(file, { force: true });
    }
  }
}

/** Where this user's caches are; undefined for a user without a home. */
export function statesFolder(): string | undefined {
  const { env, platform } = process;
  const home = homeFolder();
  if (home === undefined) return undefined;
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] ?? path.join(home, 'AppData', 'Local');
    return path.join(local, 'AZR Studio', 'sandbox');
  }
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', 'AZR Studio', 'sandbox');
  const cache = env['XDG_CACHE_HOME'];
  const root = cache === undefined || cache === '' ? path.join(home, '.cache') : cache;
  return path.join(root, 'azr-studio', 'sandbox');
}

function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    // A user that the system does not know, such as in a container.
    return undefined;
  }
}

function digestOf(content: Buffer): Buffer {
  return createHash('sha256').update(content.subarray(DIGEST_BYTES)).digest();
}
