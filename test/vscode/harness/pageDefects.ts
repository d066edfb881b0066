/** Tells what is wrong on a page from the noise that VS Code makes here anyway. */

/** Messages of the workbench itself; each is there without our extension too. */
const NOISE: readonly RegExp[] = [
  // Signing and telemetry modules of Microsoft's own build, absent from every other.
  /vsda(?:_bg)?\.(?:js|wasm)/,
  // Says so whenever it lies in an iframe or is served over http.
  /service ?worker|An iframe which has both allow-scripts and allow-same-origin/i,
  // Asks for an account's extension, which this build does not have.
  /authentication provider 'github'/,
  // Saving a file did not wait for an extension host that was busy.
  /Aborted onWillSaveTextDocument/,
  // A page that is reloaded does not wait for what its workbench would like to finish.
  /Long running operations during shutdown/,
  // The Output view comes back to a channel that the new extension host has not made yet.
  /Unable to resolve resource output:/,
  // Nor for what it had begun to read.
  /Canceled: Canceled/,
  // The gallery is switched off.
  /marketplace|extensions gallery|ExtensionGallery|extensionsControlManifest/i,
];

const VIOLATION = /Content Security Policy|Refused to (?:load|execute|apply|connect|frame)/i;

/**
 * The text to report; undefined when there is nothing to mend. A page that is `leaving`, reloaded or
 * closed, waits for nothing: VS Code breaks off its databases, logs and timers, and says so in as many
 * ways as it has of these. Of such a page only violations count.
 */
export function defectOf(
  type: string,
  text: string,
  url: string,
  leaving: boolean,
): string | undefined {
  const isViolation = VIOLATION.test(text);
  if (type !== 'error' && !isViolation) return undefined;
  const whole = url === '' ? text : `${text} (${url})`;
  const isNoise = leaving || NOISE.some((pattern) => pattern.test(whole));
  return isNoise && !isViolation ? undefined : whole;
}
