/**
 * `azr:` documents as a read-only file system, so that their tabs survive a reload of the window: VS
 * Code restores files, but not documents of a content provider. The texts come from the server.
 */
import {
  Disposable,
  EventEmitter,
  FileChangeType,
  FilePermission,
  FileType,
  Uri,
  type FileChangeEvent,
  type FileStat,
  type FileSystemProvider,
} from 'vscode';

import { documentAddress } from '../../../server/protocol/documents.ts';
import { problemOf } from '../connection/problemOf.ts';
import type { ServerConnection } from '../connection/serverConnection.ts';
import { fileNotFound, fileReadOnly, fileUnavailable } from '../shown/safeItems.ts';
import { foreignText, joined, t } from '../shown/safeText.ts';

/** VS Code asks for a file's size and then for its bytes: texts are kept for the moment between. */
const KEPT_TEXTS = 32;

interface KeptText {
  readonly bytes: Uint8Array;
  readonly changedMs: number;
}

export class DocumentFileSystem implements FileSystemProvider, Disposable {
  readonly #connection: ServerConnection;
  readonly #emitter = new EventEmitter<FileChangeEvent[]>();
  readonly #subscription: Disposable;
  readonly #texts = new Map<string, Promise<KeptText>>();

  readonly onDidChangeFile = this.#emitter.event;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
    this.#subscription = connection.onDocumentRefreshed((uri) => {
      this.#texts.delete(uri);
      this.#emitter.fire([{ type: FileChangeType.Changed, uri: Uri.parse(uri, true) }]);
    });
  }

  async stat(uri: Uri): Promise<FileStat> {
    const { bytes, changedMs } = await this.#text(uri);
    return {
      type: FileType.File,
      ctime: 0,
      mtime: changedMs,
      size: bytes.length,
      permissions: FilePermission.Readonly,
    };
  }

  async readFile(uri: Uri): Promise<Uint8Array> {
    return (await this.#text(uri)).bytes;
  }

  /** The server tells of changes itself. */
  watch(): Disposable {
    return new Disposable(() => undefined);
  }

  readDirectory(): [string, FileType][] {
    return [];
  }

  createDirectory(uri: Uri): never {
    throw fileReadOnly(foreignText(uri.toString()));
  }

  writeFile(uri: Uri): never {
    throw fileReadOnly(foreignText(uri.toString()));
  }

  delete(uri: Uri): never {
    throw fileReadOnly(foreignText(uri.toString()));
  }

  rename(uri: Uri): never {
    throw fileReadOnly(foreignText(uri.toString()));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#emitter.dispose();
  }

  #text(uri: Uri): Promise<KeptText> {
    const address = uri.toString();
    const kept = this.#texts.get(address);
    if (kept !== undefined) return kept;
    const text = this.#fetch(address).catch((error: unknown) => {
      this.#texts.delete(address);
      throw error;
    });
    this.#texts.set(address, text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > KEPT_TEXTS && oldest !== undefined) this.#texts.delete(oldest);
    return text;
  }

  async #fetch(address: string): Promise<KeptText> {
    if (documentAddress(address) === undefined) {
      throw fileNotFound(t('{0} is not a document of AZR Studio.', address));
    }
    try {
      const text = await this.#connection.documentText(address);
      return { bytes: new TextEncoder().encode(text), changedMs: Date.now() };
    } catch (error) {
      const { message, remedy } = problemOf(error);
      throw fileUnavailable(joined([foreignText(message), foreignText(remedy)], ' '));
    }
  }
}
