/** Checks what others wrote against JSON schemas that are ours. */
import { Ajv, type Options, type ValidateFunction } from 'ajv';

/**
 * A check by `schema`, which is compiled for the first who asks: most commands make few of the checks
 * there are. The schema itself is not checked, since compiling the schema of schemas takes longer than
 * all that is left; test/settings/schemaCheck.test.ts does so.
 */
export function schemaCheck<Value>(
  schema: object,
  options: Options = {},
): () => ValidateFunction<Value> {
  let validate: ValidateFunction<Value> | undefined;
  return () => (validate ??= new Ajv({ ...options, validateSchema: false }).compile<Value>(schema));
}
