/** Requests that end when a signal aborts, for a client that knows tokens of VS Code only. */
import { type CancellationToken, CancellationTokenSource } from 'vscode';

/** What `request` resolves or rejects with; its token is cancelled when `signal` aborts. */
export async function withToken<Result>(
  signal: AbortSignal,
  request: (token: CancellationToken) => Promise<Result>,
): Promise<Result> {
  const source = new CancellationTokenSource();
  const cancel = () => {
    source.cancel();
  };
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await request(source.token);
  } finally {
    signal.removeEventListener('abort', cancel);
    source.dispose();
  }
}
