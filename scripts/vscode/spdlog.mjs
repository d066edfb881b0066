/**
 * Stands where VS Code's server expects `@vscode/spdlog`, which is C++ that every machine would have to
 * compile, for half a minute, and without a compiler the Output view would stay empty. This is what
 * VS Code calls of it: a log file per logger, written at once, and turned over when it is full.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
const INFO = 2;

class Logger {
  /** @type {number | undefined} */
  #descriptor;
  #size;
  #level = INFO;
  /** @type {string | undefined} Undefined: messages are written as they are, line ends and all. */
  #pattern = '%Y-%m-%d %H:%M:%S.%e [%l] %v';
  #file;
  #maxBytes;
  #maxFiles;

  /**
   * @param {string} file
   * @param {number} maxBytes Of one file; a message that is longer has a file of its own.
   * @param {number} maxFiles Older ones that are kept beside it: name.1.log is the newest of them.
   */
  constructor(file, maxBytes, maxFiles) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    this.#maxFiles = maxFiles;
    this.#descriptor = openSync(file, 'a');
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** @param {string} message */
  trace(message) {
    this.#log(0, message);
  }

  /** @param {string} message */
  debug(message) {
    this.#log(1, message);
  }

  /** @param {string} message */
  info(message) {
    this.#log(2, message);
  }

  /** @param {string} message */
  warn(message) {
    this.#log(3, message);
  }

  /** @param {string} message */
  error(message) {
    this.#log(4, message);
  }

  /** @param {string} message */
  critical(message) {
    this.#log(5, message);
  }

  getLevel() {
    return this.#level;
  }

  /** @param {number} level Index in {@link LEVELS}; one more writes nothing. */
  setLevel(level) {
    this.#level = level;
  }

  /** @param {string} pattern Of spdlog: %Y %m %d %H %M %S, %e milliseconds, %l level, %v message. */
  setPattern(pattern) {
    this.#pattern = pattern;
  }

  clearFormatters() {
    this.#pattern = undefined;
  }

  flush() {
    // Every message is written as it comes.
  }

  drop() {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /**
   * @param {number} level
   * @param {string} message
   */
  #log(level, message) {
    if (level < this.#level || this.#descriptor === undefined) return;
    const line =
      this.#pattern === undefined ? message : `${formatted(this.#pattern, level, message)}\n`;
    const bytes = Buffer.from(line);
    try {
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#turnOver();
      writeSync(this.#descriptor, bytes);
      this.#size += bytes.length;
    } catch {
      // A full disk must not end VS Code for want of a line in its log.
    }
  }

  #turnOver() {
    const { dir, name, ext } = path.parse(this.#file);
    const numbered = (/** @type {number} */ number) =>
      number === 0 ? this.#file : path.join(dir, `${name}.${String(number)}${ext}`);
    for (let number = this.#maxFiles; number > 0; number -= 1) {
      try {
        renameSync(numbered(number - 1), numbered(number));
      } catch {
        // There are not that many yet.
      }
    }
    const next = openSync(this.#file, 'w');
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#size = 0;
  }
}

/**
 * @param {string} pattern
 * @param {number} level
 * @param {string} message
 */
function formatted(pattern, level, message) {
  const now = new Date();
  const padded = (/** @type {number} */ value, length = 2) => String(value).padStart(length, '0');
  const values = new Map(
    Object.entries({
      Y: padded(now.getFullYear(), 4),
      m: padded(now.getMonth() + 1),
      d: padded(now.getDate()),
      H: padded(now.getHours()),
      M: padded(now.getMinutes()),
      S: padded(now.getSeconds()),
      e: padded(now.getMilliseconds(), 3),
      l: LEVELS[level],
      v: message,
    }),
  );
  return pattern.replaceAll(
    /%([a-z])/gi,
    (whole, /** @type {string} */ letter) => values.get(letter) ?? whole,
  );
}

/**
 * @param {string} _name
 * @param {string} file
 * @param {number} maxBytes
 * @param {number} maxFiles
 */
export async function createAsyncRotatingLogger(_name, file, maxBytes, maxFiles) {
  await mkdir(path.dirname(file), { recursive: true });
  return new Logger(file, maxBytes, maxFiles);
}

export function setFlushOn() {
  // Every message is written as it comes.
}
