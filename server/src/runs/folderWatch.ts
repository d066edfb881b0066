/** Watches folders where the platform can; its users must also look themselves now and then. */
import { type FSWatcher, watch } from 'node:fs';

/** Systems give out only so many watches, and editors want some too. */
const MAXIMUM_WATCHES = 200;

export class FolderWatch {
  readonly #onChange: (folder: string) => void;
  readonly #watchers = new Map<string, FSWatcher>();

  /** `onChange` is called, possibly very often, when something in a folder changed. */
  constructor(onChange: (folder: string) => void) {
    this.#onChange = onChange;
  }

  /** Watches exactly these folders from now on, the first ones where there are too many. */
  follow(folders: readonly string[]): void {
    const wanted = new Set(folders.slice(0, MAXIMUM_WATCHES));
    for (const folder of this.#watchers.keys()) {
      if (!wanted.has(folder)) this.#forget(folder);
    }
    for (const folder of wanted) {
      if (!this.#watchers.has(folder)) this.#watch(folder);
    }
  }

  dispose(): void {
    for (const folder of [...this.#watchers.keys()]) this.#forget(folder);
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#onChange(folder);
      });
      watcher.on('error', () => {
        this.#forget(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // Gone, on a network, or one watch too many: the slow look finds what changes.
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}
