/** The language server's program. VS Code starts it with `--node-ipc`; tests also with `--stdio`. */
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';

import { serveConnection } from './languageServer.ts';

serveConnection(createConnection(ProposedFeatures.all));
