/** Where a model folder keeps its chat template, and in which of several forms. */

/** The file of a template by itself, which goes before the tokenizer's configuration. */
export const TEMPLATE_FILE = 'chat_template.jinja';

/** Of several templates, transformers takes the one of this name where none is asked for. */
const DEFAULT_NAME = 'default';

/** The template in what tokenizer_config.json says: a text, or one of a list of named ones. */
export function templateIn(config: unknown): string | undefined {
  const { chat_template: value } = Object(config) as { readonly chat_template?: unknown };
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.map((one) => Object(one) as { name?: unknown; template?: unknown });
  const template = named.find(({ name }) => name === DEFAULT_NAME)?.template;
  return typeof template === 'string' ? template : undefined;
}
