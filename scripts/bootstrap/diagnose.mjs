/**
 * Turns the output of a failed npm, Python or pip, or the error of a file operation, into a failure
 * with a remedy. The patterns are the words those programs print; the first that fits decides, so a
 * full disk wins over the follow-up errors it causes.
 */
import { SetupFailure } from './setupFailure.mjs';

/**
 * @typedef {object} Diagnosis
 * @property {import('./setupFailure.mjs').SetupFailureCode} code
 * @property {RegExp} pattern
 * @property {string} happened
 * @property {string} remedy
 */

/** Enough to see a reason in its surroundings; the whole is in the log file. */
const SHOWN_LINES = 8;

/** @type {readonly Diagnosis[]} */
const DIAGNOSES = [
  {
    code: 'disk-full',
    pattern: /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded|\[Errno (?:28|122)\]/i,
    happened: 'the disk is full',
    remedy:
      'Free some space on the disk that holds this folder and on the one that holds the temporary folder (the whole set-up takes 2 to 8 GB, depending on the PyTorch build), then run the same command again.',
  },
  {
    code: 'package-changed',
    pattern: /DO NOT MATCH THE HASHES/,
    happened: 'a package is not the one that the project pins, so it was not installed',
    remedy:
      'Try another package index (PIP_INDEX_URL) or another network. If it keeps failing, report it: the package may have been tampered with. Then run the same command again.',
  },
  {
    code: 'folder-not-writable',
    pattern:
      /EACCES|EROFS|EPERM|EEXIST|ENOTDIR|Permission denied|Read-only file system|\[Errno (?:13|30)\]/i,
    happened: 'a folder cannot be made or written',
    remedy:
      'Make the folder that the message above names writable for your user, or clone the project into a folder of your own, then run the same command again.',
  },
  {
    code: 'certificate',
    pattern:
      /CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)|unable to get local issuer/i,
    happened: 'the package registry’s certificate is not trusted',
    remedy:
      'If a proxy re-signs your traffic, point NODE_EXTRA_CA_CERTS and PIP_CERT at its certificate file, then run the same command again.',
  },
  {
    code: 'network',
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|Max retries exceeded|Temporary failure in name resolution|Name or service not known|Network is unreachable|Read timed out|ConnectTimeoutError|ProxyError/i,
    happened: 'the package registry cannot be reached',
    remedy:
      'Check the network connection and, behind a proxy, the HTTPS_PROXY variable. The first set-up downloads packages; later starts need no network. Then run the same command again.',
  },
  {
    code: 'out-of-memory',
    pattern: /MemoryError|Cannot allocate memory|ENOMEM|heap out of memory|exit status -9/i,
    happened: 'there was not enough memory',
    remedy: 'Close other programs (set-up wants about 2 GB of free memory), then run it again.',
  },
  {
    code: 'lock-file-mismatch',
    pattern: /npm ci.{0,40}can only install|package\.json and package-lock\.json.{0,60}in sync/is,
    happened: 'package.json and package-lock.json disagree',
    remedy:
      'Run `npm install` once to bring package-lock.json up to date, and commit it with package.json.',
  },
  {
    code: 'no-package-for-platform',
    pattern: /No matching distribution found|Could not find a version that satisfies|EBADPLATFORM/i,
    happened: 'a pinned package does not exist for this Python and platform',
    remedy:
      'Use a Python from 3.10 to 3.14 on 64-bit Linux, macOS or Windows: set AZR_PYTHON to its path and run the same command again.',
  },
];

/**
 * @param {string} subject What was being done, as the object of "while": "installing the Node packages".
 * @param {string} output What the program printed.
 * @param {{ exitCode: number, logFile: string }} run
 * @returns {SetupFailure}
 */
export function diagnoseOutput(subject, output, run) {
  const { logFile } = run;
  for (const { code, pattern, happened, remedy } of DIAGNOSES) {
    const place = [...output.matchAll(new RegExp(pattern, `${pattern.flags}g`))].at(-1)?.index;
    if (place !== undefined) {
      const logTail = linesAround(output, place);
      return new SetupFailure(code, `while ${subject}, ${happened}.`, remedy, { logFile, logTail });
    }
  }
  return new SetupFailure(
    'step-failed',
    `${subject} ended with exit code ${run.exitCode}.`,
    'Read the last lines above. Running the same command again starts this step afresh.',
    { logFile, logTail: output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n') },
  );
}

/**
 * @param {string} subject
 * @param {unknown} error An error of `node:fs`, for example with code ENOSPC or EROFS.
 * @returns {unknown} A SetupFailure when the code is one of those above, else the error as it came.
 */
export function diagnoseFileError(subject, error) {
  if (!(error instanceof Error) || !('code' in error)) {
    return error;
  }
  const diagnosis = DIAGNOSES.find(({ pattern }) => pattern.test(String(error.code)));
  return diagnosis === undefined
    ? error
    : new SetupFailure(
        diagnosis.code,
        `while ${subject}, ${diagnosis.happened} (${error.message}).`,
        diagnosis.remedy,
      );
}

/**
 * The last mention is the one that ended the program, but it need not be the last line: npm prints a
 * page of usage after it.
 * @param {string} text
 * @param {number} place Index of a character.
 */
function linesAround(text, place) {
  const before = text.slice(0, place).split('\n').slice(-2).join('\n');
  const after = text.slice(place).split('\n').slice(0, SHOWN_LINES).join('\n');
  return (before + after).trimEnd();
}
