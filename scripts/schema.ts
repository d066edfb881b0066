/** Writes media/azr.schema.json, the schema of `azr.json`, from the table of settings. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { format, resolveConfig } from 'prettier';

import { settingsSchema } from '../server/src/settings/settingsSchema.ts';

const file = path.join(import.meta.dirname, '..', 'media', 'azr.schema.json');
const options = await resolveConfig(file);
writeFileSync(file, await format(JSON.stringify(settingsSchema()), { ...options, filepath: file }));
