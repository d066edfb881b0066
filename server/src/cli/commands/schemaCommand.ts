import { settingsSchema } from '../../settings/settingsSchema.ts';
import type { Command } from '../command.ts';
import { EXIT, parseArguments } from '../command.ts';
import { STDOUT } from '../terminal/terminal.ts';

export const schemaCommand: Command = {
  name: 'schema',
  summary: 'Print the JSON schema of azr.json: every setting, its range, its default.',
  help: 'azr schema > azr.schema.json',
  run(argumentList) {
    parseArguments('schema', argumentList, {});
    STDOUT.line(JSON.stringify(settingsSchema(), undefined, 2));
    return Promise.resolve(EXIT.ok);
  },
};
