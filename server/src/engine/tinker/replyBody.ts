/**
 * Reads what an engine answered, as text of a bounded length. An engine may be anybody's server: fetch
 * inflates what is compressed, a thousandfold, and reads for as long as something comes.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import { constants } from 'node:buffer';

/** For requests whose answer does not grow with what was asked. */
export const SMALL_REPLY_BYTES = 2 ** 20;
/** What is read of an answer that tells of an error; the rest of it is left unread. */
const ERROR_BYTES = 16 * 1024;
/**
 * What a token may take of a reply: its id, its log-probability, and as much again of what servers add,
 * such as its loss. Written in full they take about 50 bytes.
 */
const BYTES_PER_TOKEN = 128;
/** Names of fields, reasons, types and shapes around the tokens of one sequence. */
const BYTES_PER_SEQUENCE = 4096;

/** The longest reply to a request for so many tokens in so many sequences. */
export function replyBytes(sequences: number, tokens: number): number {
  const bytes = SMALL_REPLY_BYTES + sequences * BYTES_PER_SEQUENCE + tokens * BYTES_PER_TOKEN;
  return Math.min(bytes, constants.MAX_STRING_LENGTH);
}

/**
 * The text of `response`: of an error at most its beginning, of anything else all of it. Rejects with an
 * ProblemError for a compressed body, which was not asked for, and for one of more than `maximumBytes`;
 * with the signal's reason when it aborts while the body is read.
 */
export async function readReply(
  response: Response,
  maximumBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const { body, headers, status } = response;
  if (body === null) return '';
  const encoding = headers.get('content-encoding') ?? 'identity';
  const reader = body.getReader();
  const cancel = (): void => {
    reader.cancel().catch(() => undefined);
  };
  signal.addEventListener('abort', cancel);
  try {
    const isError = status >= 400;
    if (encoding !== 'identity') {
      // The status of an error says enough, and a busy proxy that compresses its page is asked again.
      if (isError) return '';
      throw compressedReply(encoding);
    }
    const limit = isError ? ERROR_BYTES : maximumBytes;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      signal.throwIfAborted();
      const { value } = (await reader.read()) as { readonly value?: Uint8Array };
      signal.throwIfAborted();
      if (value === undefined) break;
      chunks.push(value);
      length += value.length;
      if (length <= limit) continue;
      if (!isError) throw longReply(maximumBytes);
      break;
    }
    return Buffer.concat(chunks).toString('utf8', 0, Math.min(length, limit));
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

function compressedReply(encoding: string): ProblemError {
  return new ProblemError({
    code: 'engine_protocol',
    message: `The engine sent an answer that is compressed (${JSON.stringify(encoding.slice(0, 40))}), though none such was asked for.`,
    remedy: 'Switch off compression in the server, or in the proxy before it.',
  });
}

function longReply(maximumBytes: number): ProblemError {
  return new ProblemError({
    code: 'engine_reply_too_long',
    message: `The engine sent an answer of more than ${maximumBytes} bytes, which is more than this request can need.`,
    remedy: 'Use a server that speaks the dialect of server/engine/README.md.',
  });
}
