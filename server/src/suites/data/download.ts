/** One file over HTTP, up to a size, with progress. */
import type { LoadContext } from '../suite.ts';

/** Rejects with the reason of `signal`, the error of fetch, or one that says what the server answered. */
export async function download(
  url: string,
  maximumBytes: number,
  signal: AbortSignal,
  onProgress: LoadContext['onProgress'],
): Promise<Buffer> {
  const response = await fetch(url, { signal });
  if (!response.ok || response.body === null) {
    throw new Error(`the server answered with status ${response.status}`);
  }
  const announced = Number(response.headers.get('content-length') ?? NaN);
  const isCompressed = response.headers.has('content-encoding');
  const total = Number.isSafeInteger(announced) && !isCompressed ? { total: announced } : {};
  const parts: Uint8Array[] = [];
  let done = 0;
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    done += part.length;
    if (done > maximumBytes) throw new Error(`the server sends more than ${maximumBytes} bytes`);
    parts.push(part);
    onProgress({ phase: 'fetch', done, ...total });
  }
  return Buffer.concat(parts);
}
