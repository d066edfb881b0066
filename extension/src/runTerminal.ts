/** The terminal in which a run works: VS Code's own Node, so that no Node need be installed. */
import path from 'node:path';

export interface RunTerminal {
  readonly name: string;
  readonly cwd: string;
  readonly shellPath: string;
  readonly shellArgs: string[];
  readonly env: Readonly<Record<string, string>>;
}

export function runTerminal(options: {
  readonly name: string;
  readonly extensionPath: string;
  readonly folderPath: string;
  /** The program of the extension host: Electron on a desktop, Node over Remote-SSH. */
  readonly nodePath: string;
}): RunTerminal {
  return {
    name: options.name,
    cwd: options.folderPath,
    shellPath: options.nodePath,
    shellArgs: [path.join(options.extensionPath, 'dist', 'cli.mjs'), 'run'],
    env: { ELECTRON_RUN_AS_NODE: '1' },
  };
}
