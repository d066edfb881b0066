/** The JSON schema of `azr.json`, made from the table in server/protocol/settings.ts. */
import type { RunSettings, SettingDefinition, SettingType } from '../../protocol/settings.ts';
import { SETTINGS } from '../../protocol/settings.ts';

export type SettingName = keyof RunSettings;

/** Every setting, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** The schema as a plain object, draft 7, which is what VS Code's JSON editor reads best. */
export function settingsSchema(): Record<string, unknown> {
  const properties = SETTING_NAMES.map((name) => [name, propertySchema(SETTINGS[name])] as const);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'AZR run',
    description:
      'How one AZR run is done. Every key may be left out: the preset and the model fill it in.',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string', description: 'Address of this schema, for editors.' },
      ...Object.fromEntries(properties),
    },
  };
}

/** What a value of this type must be, as the end of a sentence: "an integer from 1 to 64". */
export function describeType(type: SettingType): string {
  switch (type.kind) {
    case 'integer':
      return `an integer from ${type.minimum} to ${type.maximum}`;
    case 'number':
      return `a number from ${type.minimum} to ${type.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'text':
      return 'a text that is not empty';
    case 'choice':
      return `one of ${quoted(type.choices)}`;
    case 'list': {
      const items = type.choices === undefined ? 'texts' : `texts out of ${quoted(type.choices)}`;
      const fewest = type.minimumItems > 0 ? `, at least ${type.minimumItems}` : '';
      return `a list of different ${items}${fewest}`;
    }
  }
}

function quoted(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(', ');
}

function propertySchema(definition: SettingDefinition): Record<string, unknown> {
  const { type, description, studio, paper, paperReference } = definition;
  const sentences = [description];
  if (JSON.stringify(studio) !== JSON.stringify(paper)) {
    sentences.push(
      `Default: ${JSON.stringify(studio)} (studio), ${JSON.stringify(paper)} (paper).`,
    );
  }
  if (paperReference !== undefined) sentences.push(`Paper: ${paperReference}.`);
  return { ...typeSchema(type), default: studio, description: sentences.join(' ') };
}

function typeSchema(type: SettingType): Record<string, unknown> {
  switch (type.kind) {
    case 'integer':
    case 'number':
      return { type: type.kind, minimum: type.minimum, maximum: type.maximum };
    case 'boolean':
      return { type: 'boolean' };
    case 'text':
      return { type: 'string', minLength: 1 };
    case 'choice':
      return { type: 'string', enum: type.choices };
    case 'list':
      return {
        type: 'array',
        items: type.choices === undefined ? { type: 'string' } : { enum: type.choices },
        minItems: type.minimumItems,
        uniqueItems: true,
      };
  }
}
