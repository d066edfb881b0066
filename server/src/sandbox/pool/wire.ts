/** The owner's side of the framing that `server/sandbox/harness/wire.py` describes. */

const REQUEST_BYTES = 32;
const RESPONSE_BYTES = 29;
/** Of a frame: the token, and how many bytes of JSON follow. */
export const FRAME_BYTES = 20;
export const NONCE_BYTES = 16;

/** Identifier of a fork server's greeting; 1 is its refusal to start, and requests count from 2. */
export const HELLO = 0n;
export const FIRST_REQUEST = 2n;

/** How a child ended, as the fork server saw it; the order is that of `wire.py`. */
export const CHILD_ENDS = ['exited', 'cpu-limit', 'wall-limit', 'payload-limit'] as const;
/** The wasm engine also ends a program that writes anything but the one report of its execution. */
export type ChildEnd = (typeof CHILD_ENDS)[number] | 'forged';

/** The most a fork server relays for one request. */
export const RELAY_BYTES = 8 << 20;

export interface RequestHeader {
  readonly identifier: bigint;
  /** Limits per execution. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly memoryMb: number;
  readonly executions: number;
  readonly payloadBytes: number;
}

/** Time, as measured outside the program. */
export interface Measured {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export interface Response extends Measured {
  readonly end: ChildEnd;
  /** Exit code, or undefined when a signal ended the child. */
  readonly exitCode: number | undefined;
  /** Signal number, or 0. */
  readonly signal: number;
  readonly memoryKb: number;
  /** Whatever the child wrote: untrusted. */
  readonly payload: Buffer;
  /** Time of each execution reported in full, where it was measured outside the program too. */
  readonly executions?: readonly Measured[];
}

/** A fork server's response to one of the requests that wait for it. */
export interface NumberedResponse extends Response {
  readonly identifier: bigint;
}

/** One request as bytes. */
export function encodeRequest(header: RequestHeader, body: object): Buffer {
  const text = JSON.stringify(body);
  const bodyBytes = Buffer.byteLength(text);
  const request = Buffer.allocUnsafe(REQUEST_BYTES + bodyBytes);
  request.writeBigUInt64LE(header.identifier, 0);
  request.writeUInt32LE(bodyBytes, 8);
  request.writeUInt32LE(header.cpuMs, 12);
  request.writeUInt32LE(header.wallMs, 16);
  request.writeUInt32LE(header.memoryMb, 20);
  request.writeUInt32LE(header.executions, 24);
  request.writeUInt32LE(header.payloadBytes, 28);
  request.write(text, REQUEST_BYTES);
  return request;
}

/** Cuts a byte stream into responses. */
export class ResponseReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** Takes the next bytes of the stream and returns the responses they complete. */
  push(chunk: Buffer): NumberedResponse[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const responses: NumberedResponse[] = [];
    while (this.#bytes >= RESPONSE_BYTES) {
      const header = this.#peek(RESPONSE_BYTES);
      const length = RESPONSE_BYTES + header.readUInt32LE(25);
      if (this.#bytes < length) break;
      responses.push(decodeResponse(this.#take(length)));
    }
    return responses;
  }

  #peek(length: number): Buffer {
    if (this.#chunks[0]!.length < length) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }

  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = length < all.length ? [all.subarray(length)] : [];
    this.#bytes -= length;
    return all.subarray(0, length);
  }
}

function decodeResponse(bytes: Buffer): NumberedResponse {
  const status = bytes.readInt32LE(9);
  const signal = status & 0x7f;
  return {
    identifier: bytes.readBigUInt64LE(0),
    end: CHILD_ENDS[bytes.readUInt8(8)] ?? 'exited',
    exitCode: signal === 0 ? (status >> 8) & 0xff : undefined,
    signal,
    wallMs: bytes.readUInt32LE(13) / 1000,
    cpuMs: bytes.readUInt32LE(17) / 1000,
    memoryKb: bytes.readUInt32LE(21),
    payload: bytes.subarray(RESPONSE_BYTES),
  };
}

export interface Frames {
  /** The JSON text of each complete frame that carries the nonce. */
  readonly reports: readonly string[];
  /** Bytes that follow them. */
  readonly leftover: number;
}

/** Reads the frames at the start of `payload`; stops at the first byte that does not belong to one. */
export function readFrames(payload: Buffer, nonce: Buffer): Frames {
  const reports: string[] = [];
  let offset = 0;
  while (payload.length - offset >= FRAME_BYTES) {
    if (!payload.subarray(offset, offset + NONCE_BYTES).equals(nonce)) break;
    const end = offset + FRAME_BYTES + payload.readUInt32LE(offset + NONCE_BYTES);
    if (end > payload.length) break;
    reports.push(payload.toString('utf8', offset + FRAME_BYTES, end));
    offset = end;
  }
  return { reports, leftover: payload.length - offset };
}
