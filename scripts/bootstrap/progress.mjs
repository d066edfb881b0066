/**
 * One line per step on standard error: what is being done and how long it took. On a terminal the
 * line is alive (elapsed seconds and the latest line of output); in a log it is written once.
 */

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/**
 * @typedef {object} Progress
 * @property {<T>(title: string, work: (onLine: (line: string) => void) => Promise<T>) => Promise<T>} step
 * @property {(message: string) => void} note
 */

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Progress}
 */
export function createProgress(stream) {
  return {
    note: (message) => stream.write(`${message}\n`),
    step: async (title, work) => {
      const line = stream.isTTY ? liveLine(stream, title) : loggedLine(stream, title);
      const startedAt = performance.now();
      try {
        const result = await work(line.onOutput);
        line.end('✔', `${seconds(startedAt)} s`);
        return result;
      } catch (error) {
        line.end('✘', `failed after ${seconds(startedAt)} s`);
        throw error;
      }
    },
  };
}

/** @param {number} startedAt */
function seconds(startedAt) {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}

/**
 * @param {NodeJS.WriteStream} stream
 * @param {string} title
 */
function loggedLine(stream, title) {
  stream.write(`${title} … `);
  return {
    onOutput: () => undefined,
    end: (/** @type {string} */ _mark, /** @type {string} */ outcome) =>
      stream.write(`${outcome}\n`),
  };
}

/**
 * @param {NodeJS.WriteStream} stream
 * @param {string} title
 */
function liveLine(stream, title) {
  const startedAt = performance.now();
  let latest = '';
  let frame = 0;
  const draw = () => {
    frame = (frame + 1) % FRAMES.length;
    const elapsed = Math.floor((performance.now() - startedAt) / 1000);
    const text = `${FRAMES[frame] ?? ''} ${title} … ${elapsed} s  ${latest}`;
    stream.write(`\r\u001b[K${text.slice(0, stream.columns - 1)}`);
  };
  const timer = setInterval(draw, FRAME_MS);
  return {
    onOutput: (/** @type {string} */ line) => {
      // eslint-disable-next-line no-control-regex -- colours and cursor moves would break the line.
      latest = line.replace(/[\u0000-\u001f\u007f]/g, ' ');
    },
    end: (/** @type {string} */ mark, /** @type {string} */ outcome) => {
      clearInterval(timer);
      stream.write(`\r\u001b[K${mark} ${title} … ${outcome}\n`);
    },
  };
}
