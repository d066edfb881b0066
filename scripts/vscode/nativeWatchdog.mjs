/**
 * Stands where VS Code's extension host expects `@vscode/native-watchdog`, which would have to be
 * compiled: an extension host whose server was killed ends too.
 */
const INTERVAL_MS = 1000;
/** What the original exits with when the process it watches is gone. */
const ORPHANED = 87;

/** @param {number} processId Of the process to end with. */
export function start(processId) {
  setInterval(() => {
    try {
      process.kill(processId, 0);
    } catch {
      process.exit(ORPHANED);
    }
  }, INTERVAL_MS).unref();
}

/** @param {number} [code] */
export function exit(code) {
  process.exit(code ?? 0);
}
