/**
 * Checks what others wrote against JSON schemas that are ours. What a program of the same version writes,
 * such as the extension to its language server, is taken as its type says.
 */
import { Ajv, type Options, type ValidateFunction } from 'ajv';

import type { Schema } from './typedSchema.ts';

/**
 * A check by `schema`, which is compiled for the first who asks: most commands make few of the checks
 * there are. The schema itself is not checked, since compiling the schema of schemas takes longer than
 * all that is left; test/settings/schemaCheck.test.ts does so.
 */
export function schemaCheck<Value>(
  schema: Schema<Value>,
  options: Options = {},
): () => ValidateFunction<Value> {
  let validate: ValidateFunction<Value> | undefined;
  return () => (validate ??= new Ajv({ ...options, validateSchema: false }).compile<Value>(schema));
}
