/**
 * What the output of a Python, pip or uv that failed says is wrong. The patterns are the words those
 * programs print; the first that fits decides, so a full disk wins over the follow-up errors it causes.
 */

/**
 * @typedef {'certificate' | 'disk-full' | 'folder-not-writable' | 'network' | 'no-package-for-platform'
 *   | 'no-venv' | 'out-of-memory' | 'package-changed'} PythonFailureCode
 */

/**
 * @template Code
 * @typedef {object} Diagnosis
 * @property {Code} code
 * @property {RegExp} pattern
 * @property {string} happened What follows "While …,".
 * @property {string} remedy
 */

/** @type {readonly Diagnosis<PythonFailureCode>[]} */
export const DIAGNOSES = [
  {
    code: 'disk-full',
    pattern: /ENOSPC|No space left on device|EDQUOT|Disk quota exceeded|\[Errno (?:28|122)\]/i,
    happened: 'the disk is full',
    remedy:
      'Free some space on the disk that holds the environment and on the one that holds the temporary folder (the packages take 2 to 8 GB, depending on the build of PyTorch), then try again.',
  },
  {
    code: 'package-changed',
    pattern: /DO NOT MATCH THE HASHES|Hash mismatch/i,
    happened: 'a package is not the one that AZR Studio pins, so it was not installed',
    remedy:
      'Try another package index (PIP_INDEX_URL) or another network. If it keeps failing, report it: the package may have been tampered with.',
  },
  {
    code: 'no-venv',
    pattern: /No module named (?:venv|virtualenv|ensurepip|pip)|ensurepip is not/i,
    happened: 'Python turned out to lack its venv or ensurepip module',
    remedy:
      'On Debian or Ubuntu, as root: apt install python3-venv. Elsewhere, install a full Python and set AZR_PYTHON to its path. Then try again.',
  },
  {
    code: 'folder-not-writable',
    pattern:
      /EACCES|EROFS|EPERM|EEXIST|ENOTDIR|Permission denied|Read-only file system|Not a directory|\[Errno (?:13|20|30)\]/i,
    happened: 'a folder could not be made or written',
    remedy:
      'Make the folder that the message names writable for your user, or use a folder of your own, then try again.',
  },
  {
    code: 'certificate',
    pattern:
      /CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)|unable to get local issuer|invalid peer certificate/i,
    happened: 'the package registry’s certificate was not trusted',
    remedy:
      'If a proxy re-signs your traffic, point NODE_EXTRA_CA_CERTS and PIP_CERT at its certificate file, then try again.',
  },
  {
    code: 'network',
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|NewConnectionError|NameResolutionError|Max retries exceeded|Temporary failure in name resolution|Name or service not known|Network is unreachable|Read timed out|ConnectTimeoutError|ProxyError/i,
    happened: 'the package registry could not be reached',
    remedy:
      'Check the network connection and, behind a proxy, the variable HTTPS_PROXY. Packages are downloaded once; later starts need no network. Then try again.',
  },
  {
    code: 'out-of-memory',
    pattern: /MemoryError|Cannot allocate memory|ENOMEM|heap out of memory|exit status -9/i,
    happened: 'there was not enough memory',
    remedy: 'Close other programs (set-up needs about 2 GB of free memory), then try again.',
  },
  {
    code: 'no-package-for-platform',
    pattern: /No matching distribution found|Could not find a version that satisfies|EBADPLATFORM/i,
    happened: 'a pinned package turned out not to exist for this Python and platform',
    remedy:
      'Use a Python from 3.10 to 3.14 on 64-bit Linux, macOS or Windows: set AZR_PYTHON to its path and try again.',
  },
];

/**
 * The first of `diagnoses` that `output` fits, and the index of the character where it says so last.
 * @template Code
 * @param {string} output
 * @param {readonly Diagnosis<Code>[]} diagnoses
 * @returns {Diagnosis<Code> & { readonly place: number } | undefined}
 */
export function findDiagnosis(output, diagnoses) {
  for (const diagnosis of diagnoses) {
    const { flags } = diagnosis.pattern;
    const place = [...output.matchAll(new RegExp(diagnosis.pattern, `${flags}g`))].at(-1)?.index;
    if (place !== undefined) return { ...diagnosis, place };
  }
  return undefined;
}
