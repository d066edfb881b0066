/** What `npm start` was asked for. */

export const USAGE = `npm start [-- options] [folder]

Opens AZR Studio: sets up what is missing, then shows VS Code with the extension in your browser,
or in your own VS Code. It starts no run by itself.

  folder        what to open; without it, the folder demo of this clone
  --desktop     install AZR Studio into the VS Code on this machine and open that
  --browser     VS Code in the browser, without asking
  --no-open     print the address; open no browser
  --headless …  train in this terminal instead; what follows are options of azr run
                (npm start -- --headless --steps 50)
`;

/**
 * @typedef {{ kind: 'headless', arguments: readonly string[] }
 *   | { kind: 'studio', place: 'desktop' | 'browser' | 'ask', open: boolean, folder: string | undefined }
 *   | { kind: 'help' }
 *   | { kind: 'mistake', message: string }} StartRequest
 */

/**
 * @param {readonly string[]} words
 * @returns {StartRequest}
 */
export function readStartArguments(words) {
  /** @type {'desktop' | 'browser' | 'ask'} */
  let place = 'ask';
  let open = true;
  /** @type {string | undefined} */
  let folder;
  for (const [index, word] of words.entries()) {
    if (word === '--headless') {
      return { kind: 'headless', arguments: words.slice(index + 1) };
    } else if (word === '--help' || word === '-h') {
      return { kind: 'help' };
    } else if (word === '--desktop' || word === '--browser') {
      place = word === '--desktop' ? 'desktop' : 'browser';
    } else if (word === '--no-open') {
      open = false;
    } else if (word.startsWith('-')) {
      return {
        kind: 'mistake',
        message: `npm start does not know ${word}. Options of a run in the terminal follow --headless: npm start -- --headless ${words.slice(index).join(' ')}`,
      };
    } else if (folder === undefined) {
      folder = word;
    } else {
      return { kind: 'mistake', message: `npm start opens one folder, not also ${word}.` };
    }
  }
  return { kind: 'studio', place, open, folder };
}
