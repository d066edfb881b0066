/** What the page runs that a sign-in link leads to. Each function is sent as its text, and uses nothing else. */

/**
 * The parts of a page that are used here; the scripts have no types of a page.
 * @template Result
 * @typedef {object} PageRequest
 * @property {Result} result
 * @property {unknown} error
 * @property {() => void} onsuccess
 * @property {() => void} onerror
 * @property {() => void} onupgradeneeded
 */
/**
 * @typedef {object} PageStore
 * @property {(key: string) => PageRequest<string | undefined>} get
 * @property {(value: string, key: string) => PageRequest<unknown>} put
 */
/**
 * @typedef {object} PageDatabase
 * @property {number} version
 * @property {{ contains(name: string): boolean }} objectStoreNames
 * @property {(name: string) => unknown} createObjectStore
 * @property {(name: string, mode: string) => { objectStore(name: string): PageStore }} transaction
 * @property {() => void} close
 */
/**
 * @typedef {object} Page
 * @property {{ host: string, replace(address: string): void }} location
 * @property {{ open(name: string, version?: number): PageRequest<PageDatabase> }} indexedDB
 */

/**
 * @param {{ target: string, trustedFolder?: string }} plan
 * @param {(folder: string) => Promise<void>} enter
 */
export async function signIn({ target, trustedFolder }, enter) {
  const { location } = /** @type {Page} */ (/** @type {unknown} */ (globalThis));
  if (trustedFolder !== undefined) {
    // Where it cannot be entered, VS Code opens the folder in its restricted mode and offers to trust it.
    const late = new Promise((resolve) => setTimeout(resolve, 3000));
    await Promise.race([enter(trustedFolder).catch(() => undefined), late]);
  }
  location.replace(target);
}

/**
 * The names are those of VS Code: its storage for all windows is an IndexedDB, and its list of trusted
 * folders the text below `content.trust.model.key`.
 * @param {string} folder
 */
export async function enterTrustedFolder(folder) {
  const { indexedDB, location } = /** @type {Page} */ (/** @type {unknown} */ (globalThis));
  const name = 'vscode-web-state-db-global-shared';
  const store = 'ItemTable';
  const key = 'content.trust.model.key';
  /**
   * @template Result
   * @param {PageRequest<Result>} request
   * @returns {Promise<Result>}
   */
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => {
        resolve(request.result);
      };
      request.onerror = () => {
        reject(new Error(String(request.error)));
      };
    });
  /** @param {number} [version] */
  const open = (version) => {
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => {
      if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
    };
    return done(request);
  };
  let database = await open();
  if (!database.objectStoreNames.contains(store)) {
    const version = database.version + 1;
    database.close();
    database = await open(version);
  }
  try {
    const items = database.transaction(store, 'readwrite').objectStore(store);
    const text = (await done(items.get(key))) ?? '{}';
    /** @type {{ uriTrustInfo?: { uri?: { path?: string, authority?: string } }[] }} */
    const kept = JSON.parse(text);
    const others = (kept.uriTrustInfo ?? []).filter(
      ({ uri }) => uri?.path !== folder || uri.authority !== location.host,
    );
    const uri = { scheme: 'vscode-remote', authority: location.host, path: folder };
    const uriTrustInfo = [...others, { uri, trusted: true }];
    await done(items.put(JSON.stringify({ ...kept, uriTrustInfo }), key));
  } finally {
    database.close();
  }
}
