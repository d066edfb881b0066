/**
 * What a program and the harness for it write to the result descriptor: one report for each execution,
 * which is a frame with the request's token. Anything else ends the program at its first byte, so that
 * neither time nor memory can be gained by writing.
 */
import { FRAME_BYTES, NONCE_BYTES } from '../../pool/wire.ts';

/** Bytes outside the one report that is due. */
export class NotAReport extends Error {}

/** More was announced or written than is passed on. */
export class ReportedTooMuch extends Error {}

export class ReportReader {
  readonly #token: Uint8Array;
  #bytesLeft: number;
  /** Room for the header of a report, and once that is known, for all of it: never more. */
  #frame = new Uint8Array(FRAME_BYTES);
  #filled = 0;

  /**
   * @param token of the request, 16 bytes
   * @param bytes the most that all reports of the request may have together
   */
  constructor(token: Uint8Array, bytes: number) {
    this.#token = token;
    this.#bytesLeft = bytes;
  }

  /** Has something been written that is not yet a whole report? */
  get isBroken(): boolean {
    return this.#filled > 0 && this.#filled < this.#frame.length;
  }

  /** Takes what was written, by copying; throws NotAReport or ReportedTooMuch. */
  add(written: Uint8Array): void {
    let from = 0;
    while (from < written.length) {
      const part = written.subarray(from, from + this.#frame.length - this.#filled);
      if (part.length === 0) throw new NotAReport();
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      from += part.length;
      this.#checkToken();
      if (this.#filled === FRAME_BYTES) this.#makeRoom();
    }
  }

  /** The report of the execution that has ended, in memory of its own; undefined where there is none. */
  take(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#filled === 0 || this.isBroken) return undefined;
    const frame = this.#frame;
    this.#frame = new Uint8Array(FRAME_BYTES);
    this.#filled = 0;
    return frame;
  }

  #checkToken(): void {
    const bytes = Math.min(this.#filled, NONCE_BYTES);
    for (let index = 0; index < bytes; index += 1) {
      if (this.#frame[index] !== this.#token[index]) throw new NotAReport();
    }
  }

  #makeRoom(): void {
    const announced = new DataView(this.#frame.buffer).getUint32(NONCE_BYTES, true);
    this.#bytesLeft -= FRAME_BYTES + announced;
    if (this.#bytesLeft < 0) throw new ReportedTooMuch();
    const whole = new Uint8Array(FRAME_BYTES + announced);
    whole.set(this.#frame);
    this.#frame = whole;
  }
}
