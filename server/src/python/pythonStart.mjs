/**
 * In which folder and with which environment every Python is started. `python -m` and `python -c`
 * import modules from the working folder before any other, so in a folder of somebody else a file
 * named random.py would run as the user. PYTHONSAFEPATH ends that from Python 3.11 on; for 3.10 the
 * working folder is one where only this program's own files lie.
 *
 * JavaScript without dependencies, because the set-up of a bare clone starts Python as well.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this file, or the bundle that holds it, lies: there is no Python module beside either. */
const OWN_FOLDER = fileURLToPath(new URL('.', import.meta.url));

/** They say from where Python imports, or what it runs besides what it is told to. */
const NEVER_HANDED_ON = ['PYTHONPATH', 'PYTHONSTARTUP', 'PYTHONINSPECT', 'PYTHONPLATLIBDIR'];

/** The same, but people have reasons to set them; a relative path would lead into the working folder. */
const ABSOLUTE_OR_NOT_AT_ALL = [
  ...['PYTHONHOME', 'PYTHONUSERBASE', 'PYTHONPYCACHEPREFIX', 'PYTHONEXECUTABLE'],
];

/** Paths that a user may give as seen from the folder in which the command was typed. */
const PATHS_OF_THE_USER = [
  ...['HF_HOME', 'HF_HUB_CACHE', 'HF_TOKEN_PATH', 'XDG_CACHE_HOME', 'TMPDIR'],
  ...['PIP_CACHE_DIR', 'PIP_CERT', 'PIP_CLIENT_CERT', 'PIP_CONFIG_FILE', 'PIP_FIND_LINKS'],
  ...['REQUESTS_CA_BUNDLE', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
];

/** Keys for engines at an address, by the names of engineKeys.ts: no Python of ours needs them. */
const ENGINE_KEYS = ['TINKER_API_KEY', 'AZR_ENGINE_KEYS'];

const SECRET =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEYS?|ACCESS_KEY(?:_ID)?|PRIVATE_KEY|CREDENTIALS)(?:_|$)/i;

/**
 * Options for `execa` or `spawn`. The environment holds what differs from this process's own: a
 * variable that the child must not have is there as undefined, which Node leaves out.
 * @param {object} [start]
 * @param {readonly string[]} [start.packages] Absolute folders to import from; the user's PYTHONPATH never counts.
 * @param {Readonly<Record<string, string>>} [start.variables] Further variables of the child.
 * @param {boolean} [start.keepsSecrets] For what logs in somewhere: pip, and downloads of gated models.
 * @param {NodeJS.ProcessEnv} [start.environment] This process's own, or what stands for it in a test.
 * @returns {{ cwd: string, env: NodeJS.ProcessEnv }}
 */
export function pythonStart({
  packages = [],
  variables = {},
  keepsSecrets = false,
  environment = process.env,
} = {}) {
  /** @type {NodeJS.ProcessEnv} */
  const env = {};
  for (const [name, value = ''] of Object.entries(environment)) {
    // Windows does not tell upper and lower case apart here.
    const known = name.toUpperCase();
    if (isRefused(known, value, keepsSecrets)) env[name] = undefined;
    else if (PATHS_OF_THE_USER.includes(known)) env[name] = absolute(known, value);
  }
  return {
    cwd: OWN_FOLDER,
    env: {
      ...env,
      PYTHONSAFEPATH: '1',
      ...(packages.length > 0 && {
        PYTHONPATH: packages.map(requireAbsolute).join(path.delimiter),
      }),
      ...variables,
    },
  };
}

/**
 * The program that a user named: a path is one as seen from the folder in which the user is, a bare
 * name is looked for on PATH.
 * @param {string} named
 */
export function namedProgram(named) {
  return path.basename(named) === named ? named : path.resolve(named);
}

/**
 * @param {string} name
 * @param {string} value
 * @param {boolean} keepsSecrets
 */
function isRefused(name, value, keepsSecrets) {
  if (NEVER_HANDED_ON.includes(name) || ENGINE_KEYS.includes(name)) return true;
  if (ABSOLUTE_OR_NOT_AT_ALL.includes(name)) {
    return !value.split(path.delimiter).every((entry) => path.isAbsolute(entry));
  }
  return !keepsSecrets && SECRET.test(name);
}

/**
 * @param {string} name
 * @param {string} value
 */
function absolute(name, value) {
  // Of these alone, pip takes several, with spaces between them.
  const places = name === 'PIP_FIND_LINKS' ? value.split(/\s+/) : [value];
  return places
    .map((place) => (place === '' || place.includes('://') ? place : path.resolve(place)))
    .join(' ');
}

/** @param {string} folder */
function requireAbsolute(folder) {
  if (!path.isAbsolute(folder)) throw new Error(`${folder} is not an absolute path`);
  return folder;
}
