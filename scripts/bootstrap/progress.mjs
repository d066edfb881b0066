/**
 * What is being done, on standard error, and how long each step took; steps may overlap. On a terminal
 * the last line is alive (steps at work, elapsed seconds, the latest line of output); a log gets one
 * line when a step begins and one when it ends.
 */

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/**
 * @typedef {object} Progress
 * @property {<T>(title: string, work: (onLine: (line: string) => void) => Promise<T>) => Promise<T>} step
 * @property {(message: string) => void} note
 */

/**
 * Where a stream's steps are shown.
 * @typedef {object} Display
 * @property {(title: string, startedAt: number) => void} begin
 * @property {(line: string) => void} hear
 * @property {(title: string, mark: string, outcome: string) => void} end
 * @property {(message: string) => void} note
 */

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Progress}
 */
export function createProgress(stream) {
  const display = stream.isTTY ? liveDisplay(stream) : loggedDisplay(stream);
  return {
    note: display.note,
    step: async (title, work) => {
      const startedAt = performance.now();
      display.begin(title, startedAt);
      try {
        const result = await work(display.hear);
        display.end(title, '✔', `${seconds(startedAt)} s`);
        return result;
      } catch (error) {
        display.end(title, '✘', `failed after ${seconds(startedAt)} s`);
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
 * @returns {Display}
 */
function loggedDisplay(stream) {
  return {
    begin: (title) => stream.write(`${title} …\n`),
    hear: () => undefined,
    end: (title, _mark, outcome) => stream.write(`${title} … ${outcome}\n`),
    note: (message) => stream.write(`${message}\n`),
  };
}

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {Display}
 */
function liveDisplay(stream) {
  /** @type {Map<string, number>} When each step at work began. */
  const atWork = new Map();
  let latest = '';
  let frame = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const draw = () => {
    frame = (frame + 1) % FRAMES.length;
    const steps = [...atWork].map(
      ([title, startedAt]) => `${title} … ${Math.floor((performance.now() - startedAt) / 1000)} s`,
    );
    const text = `${FRAMES[frame] ?? ''} ${steps.join(' · ')}  ${latest}`;
    stream.write(`\r\u001b[K${text.slice(0, stream.columns - 1)}`);
  };
  const say = (/** @type {string} */ text) => stream.write(`\r\u001b[K${text}\n`);
  return {
    begin: (title, startedAt) => {
      atWork.set(title, startedAt);
      timer ??= setInterval(draw, FRAME_MS);
    },
    hear: (line) => {
      // eslint-disable-next-line no-control-regex -- colours and cursor moves would break the line.
      latest = line.replace(/[\u0000-\u001f\u007f]/g, ' ');
    },
    end: (title, mark, outcome) => {
      atWork.delete(title);
      latest = '';
      say(`${mark} ${title} … ${outcome}`);
      if (atWork.size === 0) {
        clearInterval(timer);
        timer = undefined;
      }
    },
    note: say,
  };
}
