/**
 * Everything the interpreter can ask of the outside: a clock that only counts, random numbers from a
 * seed, sleeping that only moves the clock, one descriptor for results, and leaving. All else is
 * refused with an error number. An import that is not listed here makes the module unusable.
 */
import type { HostSurroundings } from '../messages.ts';
import type { ReportReader } from './reportReader.ts';

/** Error numbers of WASI preview 1. */
const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const INVALID = 28;
const NOT_IMPLEMENTED = 52;
const NOT_PERMITTED = 63;

const RESULT_DESCRIPTOR = 3;
const STANDARD_ERROR = 2;
const CHARACTER_DEVICE = 2;
const DIRECTORY = 3;
const EVENT_BYTES = 32;
const FILE_BYTES = 64;
/** Of one call, as POSIX' IOV_MAX. */
const MOST_VECTORS = 1024;
const COMPLAINT_CHARACTERS = 2_000;

/** The program left by `exit`. */
export class ProgramExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The program slept longer than it may run. */
export class SleptTooLong extends Error {}

export class Host {
  /** Set once the instance exists. */
  memory: WebAssembly.Memory | undefined;
  /** The first words on standard error, such as why Python did not start. */
  complaint = '';
  /** Whatever is written to the result descriptor; undefined while an interpreter is prepared. */
  #reports: ReportReader | undefined;
  #clockNs = 0n;
  #stepNs = 0n;
  #random = 0;
  #sleepNsLeft = 0n;

  /**
   * As for a first program: clock and random numbers from their start.
   * @param reports is given what is written to the result descriptor
   */
  reset({ clockStartNs, clockStepNs, randomSeed }: HostSurroundings, reports?: ReportReader): void {
    this.#clockNs = clockStartNs;
    this.#stepNs = clockStepNs;
    this.#random = randomSeed;
    this.#sleepNsLeft = 0n;
    this.#reports = reports;
    this.complaint = '';
  }

  /** From here on so much may be slept: an execution begins. */
  allowSleep(wallMs: number): void {
    this.#sleepNsLeft = BigInt(Math.ceil(wallMs * 1e6));
  }

  /** The functions of the one module that the interpreter imports from. */
  imports(): WebAssembly.Imports {
    const refuse = (errorNumber: number) => (): number => errorNumber;
    const refused = Object.fromEntries(
      Object.entries(REFUSED).map(([name, errorNumber]) => [name, refuse(errorNumber)]),
    );
    return {
      wasi_snapshot_preview1: {
        ...refused,
        clock_time_get: this.#clockTimeGet,
        clock_res_get: this.#clockResolutionGet,
        random_get: this.#randomGet,
        poll_oneoff: this.#pollOneOff,
        environ_sizes_get: this.#environmentSizesGet,
        environ_get: refuse(SUCCESS),
        fd_prestat_get: this.#preopenedGet,
        fd_prestat_dir_name: this.#preopenedName,
        fd_fdstat_get: this.#descriptorGet,
        fd_filestat_get: this.#fileGet,
        fd_write: this.#write,
        proc_exit: this.#exit,
      },
    };
  }

  get #view(): DataView {
    return new DataView(this.memory!.buffer);
  }

  readonly #clockTimeGet = (_clock: number, _precision: bigint, result: number): number => {
    this.#clockNs += this.#stepNs;
    this.#view.setBigUint64(result, this.#clockNs, true);
    return SUCCESS;
  };

  readonly #clockResolutionGet = (_clock: number, result: number): number => {
    this.#view.setBigUint64(result, 1_000n, true);
    return SUCCESS;
  };

  /** Numbers of Marsaglia's xorshift32: enough to differ between seeds, and the same every time. */
  readonly #randomGet = (address: number, length: number): number => {
    const bytes = new Uint8Array(this.memory!.buffer, address, length);
    for (let index = 0; index < length; index += 1) {
      this.#random ^= this.#random << 13;
      this.#random ^= this.#random >>> 17;
      this.#random ^= this.#random << 5;
      bytes[index] = this.#random >>> 24;
    }
    return SUCCESS;
  };

  /** Waits for one clock by moving it; there is nothing else to wait for. */
  readonly #pollOneOff = (
    subscriptions: number,
    events: number,
    count: number,
    result: number,
  ): number => {
    const view = this.#view;
    if (count !== 1 || view.getUint8(subscriptions + 8) !== 0) return NOT_IMPLEMENTED;
    const timeout = view.getBigUint64(subscriptions + 24, true);
    const isAbsolute = (view.getUint16(subscriptions + 40, true) & 1) === 1;
    const waitNs = isAbsolute ? timeout - this.#clockNs : timeout;
    if (waitNs > this.#sleepNsLeft) throw new SleptTooLong();
    if (waitNs > 0n) {
      this.#clockNs += waitNs;
      this.#sleepNsLeft -= waitNs;
    }
    new Uint8Array(this.memory!.buffer, events, EVENT_BYTES).fill(0);
    view.setBigUint64(events, view.getBigUint64(subscriptions, true), true);
    view.setUint32(result, 1, true);
    return SUCCESS;
  };

  readonly #environmentSizesGet = (count: number, bytes: number): number => {
    this.#view.setUint32(count, 0, true);
    this.#view.setUint32(bytes, 0, true);
    return SUCCESS;
  };

  /** One folder, the root, so that the C library asks for files, and is told that it may not. */
  readonly #preopenedGet = (descriptor: number, result: number): number => {
    if (descriptor !== RESULT_DESCRIPTOR) return BAD_DESCRIPTOR;
    this.#view.setUint8(result, 0);
    this.#view.setUint32(result + 4, 1, true);
    return SUCCESS;
  };

  readonly #preopenedName = (descriptor: number, address: number, length: number): number => {
    if (descriptor !== RESULT_DESCRIPTOR || length < 1) return BAD_DESCRIPTOR;
    this.#view.setUint8(address, '/'.charCodeAt(0));
    return SUCCESS;
  };

  readonly #descriptorGet = (descriptor: number, result: number): number => {
    if (descriptor !== RESULT_DESCRIPTOR) return BAD_DESCRIPTOR;
    const view = this.#view;
    view.setUint8(result, DIRECTORY);
    view.setUint16(result + 2, 0, true);
    // Rights to everything, none of which is ever granted.
    view.setBigUint64(result + 8, 0xffff_ffffn, true);
    view.setBigUint64(result + 16, 0xffff_ffffn, true);
    return SUCCESS;
  };

  /** Python does not start without its three streams, so they look like devices. */
  readonly #fileGet = (descriptor: number, result: number): number => {
    if (descriptor < 0 || descriptor > STANDARD_ERROR) return BAD_DESCRIPTOR;
    new Uint8Array(this.memory!.buffer, result, FILE_BYTES).fill(0);
    this.#view.setUint8(result + 16, CHARACTER_DEVICE);
    return SUCCESS;
  };

  readonly #write = (
    descriptor: number,
    vectors: number,
    count: number,
    result: number,
  ): number => {
    if (descriptor < 1 || descriptor > RESULT_DESCRIPTOR) return BAD_DESCRIPTOR;
    if (count < 0 || count > MOST_VECTORS) return INVALID;
    const view = this.#view;
    const parts: Uint8Array[] = [];
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      const address = view.getUint32(vectors + index * 8, true);
      const length = view.getUint32(vectors + index * 8 + 4, true);
      parts.push(new Uint8Array(this.memory!.buffer, address, length));
      total += length;
    }
    if (descriptor === RESULT_DESCRIPTOR) this.#report(parts);
    if (descriptor === STANDARD_ERROR) this.#complain(parts);
    view.setUint32(result, total, true);
    return SUCCESS;
  };

  #report(parts: readonly Uint8Array[]): void {
    if (this.#reports === undefined) throw new Error('The harness reported before it was asked.');
    for (const part of parts) this.#reports.add(part);
  }

  #complain(parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      const room = COMPLAINT_CHARACTERS - this.complaint.length;
      this.complaint += Buffer.from(part.subarray(0, room)).toString('latin1');
    }
  }

  readonly #exit = (code: number): never => {
    throw new ProgramExit(code);
  };
}

/** Imports that always answer with the same error number. */
const REFUSED: Readonly<Record<string, number>> = {
  fd_advise: BAD_DESCRIPTOR,
  fd_allocate: BAD_DESCRIPTOR,
  fd_close: BAD_DESCRIPTOR,
  fd_datasync: BAD_DESCRIPTOR,
  fd_fdstat_set_flags: BAD_DESCRIPTOR,
  fd_filestat_set_size: BAD_DESCRIPTOR,
  fd_filestat_set_times: BAD_DESCRIPTOR,
  fd_pread: BAD_DESCRIPTOR,
  fd_pwrite: BAD_DESCRIPTOR,
  fd_read: BAD_DESCRIPTOR,
  fd_readdir: BAD_DESCRIPTOR,
  fd_seek: BAD_DESCRIPTOR,
  fd_sync: BAD_DESCRIPTOR,
  fd_tell: BAD_DESCRIPTOR,
  path_create_directory: NOT_PERMITTED,
  path_filestat_get: NOT_PERMITTED,
  path_filestat_set_times: NOT_PERMITTED,
  path_link: NOT_PERMITTED,
  path_open: NOT_PERMITTED,
  path_readlink: NOT_PERMITTED,
  path_remove_directory: NOT_PERMITTED,
  path_rename: NOT_PERMITTED,
  path_symlink: NOT_PERMITTED,
  path_unlink_file: NOT_PERMITTED,
  sched_yield: NOT_IMPLEMENTED,
};
