/** Serves lenses, hints, hovers, symbols, links and diagnostics of the documents that are open. */
import {
  type CodeLens,
  CodeLensRefreshRequest,
  type Connection,
  DiagnosticSeverity,
  InlayHintRefreshRequest,
  type Range,
  TextDocuments,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';

import { documentAddress } from '../../../protocol/documents.ts';
import { DOCUMENT_SCHEME, isScratchUri } from '../../../protocol/languageMessages.ts';
import type { AzrDocument } from '../documents/azrDocument.ts';
import type { DocumentLibrary } from '../documents/documentLibrary.ts';
import {
  documentDiagnostics,
  documentLinks,
  documentSymbols,
  hoverAt,
} from './documentFeatures.ts';
import { hintsOf } from './hints.ts';
import { lensesOf } from './lenses.ts';
import type { Rerunner } from '../reruns/rerunner.ts';
import { readScratch } from '../scratch/readScratch.ts';

/** Enough runs to show most dependence on chance. */
const DEFAULT_TIMES = 10;
const TIMES_SETTING = 'azr.rerunTimes';

/** What the client can be asked for, and told to request again. */
export interface ClientAbilities {
  readonly configuration: boolean;
  readonly lenses: boolean;
  readonly hints: boolean;
  readonly documents: boolean;
}

export class EditorFeatures {
  readonly #connection: Connection;
  readonly #library: DocumentLibrary;
  readonly #rerunner: Rerunner;
  readonly #abilities: ClientAbilities;
  readonly #documents = new TextDocuments(TextDocument);
  readonly #ready: Promise<void>;

  /** @param ready nothing can be said about documents before it is resolved */
  constructor(
    connection: Connection,
    library: DocumentLibrary,
    rerunner: Rerunner,
    abilities: ClientAbilities,
    ready: Promise<void>,
  ) {
    this.#connection = connection;
    this.#library = library;
    this.#rerunner = rerunner;
    this.#abilities = abilities;
    this.#ready = ready;
    this.#documents.listen(connection);
    this.#documents.onDidChangeContent(({ document }) => {
      void this.#publishDiagnostics(document);
    });
    // Rows may have come between the text that was given and the editor that shows it.
    this.#documents.onDidOpen(({ document }) => {
      void this.#ready.then(() => this.#refreshChanged([document]));
    });
    this.#documents.onDidClose(({ document: { uri } }) => {
      void this.#sendDiagnostics(uri, []);
    });
    this.#serve();
  }

  /** Text of an open scratch file. */
  scratchText(uri: string): string | undefined {
    return isScratchUri(uri) ? this.#documents.get(uri)?.getText() : undefined;
  }

  /** Something was run again: lenses and hints have more to show. */
  async refreshResults(): Promise<void> {
    const requests: Promise<unknown>[] = [];
    if (this.#abilities.lenses) {
      requests.push(this.#connection.sendRequest(CodeLensRefreshRequest.type));
    }
    if (this.#abilities.hints) {
      requests.push(this.#connection.sendRequest(InlayHintRefreshRequest.type));
    }
    await Promise.allSettled(requests);
  }

  /** Rows were added: open documents whose text is another one now are read again. */
  refreshDocuments(): Promise<void> {
    return this.#refreshChanged(this.#documents.all());
  }

  async #refreshChanged(documents: readonly TextDocument[]): Promise<void> {
    if (!this.#abilities.documents) return;
    const changed = documents.filter((document) => {
      const made = this.#documentAt(document.uri);
      return made !== undefined && made.text !== document.getText().replaceAll('\r\n', '\n');
    });
    const { textDocumentContent } = this.#connection.workspace;
    await Promise.allSettled(changed.map(({ uri }) => textDocumentContent.refresh(uri)));
    if (changed.length > 0) await this.refreshResults();
  }

  #serve(): void {
    const connection = this.#connection;
    connection.onCodeLens(async ({ textDocument: { uri } }) => {
      await this.#ready;
      return this.#lenses(uri);
    });
    connection.languages.inlayHint.on(async ({ textDocument: { uri }, range }) => {
      await this.#ready;
      return this.#hints(uri, range);
    });
    connection.onHover(async ({ textDocument: { uri }, position }) => {
      await this.#ready;
      const document = this.#documentAt(uri);
      return document === undefined ? null : hoverAt(document, position);
    });
    connection.onDocumentSymbol(async ({ textDocument: { uri } }) => {
      await this.#ready;
      const document = this.#documentAt(uri);
      return document === undefined ? [] : documentSymbols(document);
    });
    connection.onDocumentLinks(async ({ textDocument: { uri } }) => {
      await this.#ready;
      const document = this.#documentAt(uri);
      return document === undefined ? [] : documentLinks(document);
    });
  }

  async #lenses(uri: string): Promise<CodeLens[]> {
    const text = this.scratchText(uri);
    const original = text === undefined ? uri : readScratch(text).original;
    const facts = original === undefined ? undefined : this.#documentAt(original)?.facts;
    if (facts === undefined || original === undefined) return [];
    const result = this.#rerunner.resultOf(uri, text);
    return lensesOf({
      // An edited copy can be run whatever the original was.
      facts: text === undefined ? facts : { ...facts, runnable: true },
      uri,
      original,
      isScratch: text !== undefined,
      manyTimes: await this.#manyTimes(),
      ...(result !== undefined && { result }),
    });
  }

  /** The setting that the command itself obeys; it belongs to the client. */
  async #manyTimes(): Promise<number> {
    if (!this.#abilities.configuration) return DEFAULT_TIMES;
    const value: unknown = await this.#connection.workspace
      .getConfiguration(TIMES_SETTING)
      .catch(() => undefined);
    if (typeof value !== 'number' || !Number.isFinite(value)) return DEFAULT_TIMES;
    return Math.min(100, Math.max(2, Math.round(value)));
  }

  #hints(uri: string, range: Range) {
    const text = this.scratchText(uri);
    const result = this.#rerunner.resultOf(uri, text);
    if (text === undefined) {
      const document = this.#documentAt(uri);
      return document === undefined ? [] : hintsOf(document, range, result);
    }
    const { calls, answerLine, programLine } = readScratch(text);
    return hintsOf(
      {
        text,
        calls: calls.map(({ line, end, input }) => ({ line, start: 0, end, input })),
        hints: [],
        verdictLine: answerLine ?? programLine,
      },
      range,
      result,
    );
  }

  async #publishDiagnostics(document: TextDocument): Promise<void> {
    await this.#ready;
    const { uri } = document;
    if (!isScratchUri(uri)) {
      const made = this.#documentAt(uri);
      if (made !== undefined) await this.#sendDiagnostics(uri, documentDiagnostics(made));
      return;
    }
    const { problems } = readScratch(document.getText());
    await this.#sendDiagnostics(
      uri,
      problems.map(({ line, code, message, remedy }) => ({
        range: { start: { line, character: 0 }, end: { line, character: 1000 } },
        severity: DiagnosticSeverity.Error,
        source: 'AZR',
        code,
        message: `${message} ${remedy}`,
      })),
    );
  }

  async #sendDiagnostics(
    uri: string,
    diagnostics: Parameters<Connection['sendDiagnostics']>[0]['diagnostics'],
  ): Promise<void> {
    // A client that is gone hears nothing, which is not a failure of ours.
    await this.#connection.sendDiagnostics({ uri, diagnostics }).catch(() => undefined);
  }

  /** Undefined where the address is not one of a document of ours, and where its run or row is gone. */
  #documentAt(uri: string): AzrDocument | undefined {
    if (!uri.startsWith(`${DOCUMENT_SCHEME}:`) || documentAddress(uri) === undefined) {
      return undefined;
    }
    try {
      return this.#library.document(uri);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#connection.console.warn(`${uri} cannot be made: ${reason}`);
      return undefined;
    }
  }
}
