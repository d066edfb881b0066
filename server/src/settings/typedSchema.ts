/**
 * JSON schemas that the compiler compares with the types they stand for. A schema passes just the values
 * of its type, or fewer where it has limits: neither can change without the other.
 */

/** A JSON schema of `Value`. `describes` is never set: it makes the compiler compare both ways. */
export interface Schema<Value> {
  readonly describes?: (value: Compared<Value>) => Compared<Value>;
}

/** An optional property that one of two types lacks is seen where all are required. */
type Compared<Value> = readonly [Value, Complete<Value>];

type Complete<Value> = Value extends object
  ? { readonly [Key in keyof Value]-?: Complete<Value[Key]> }
  : Value;

type SchemasOf<Values> = { readonly [Key in keyof Values]: Schema<Values[Key]> };

interface Limits {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

/** `pattern` is a regular expression. */
export function text(
  limits: { minLength?: number; maxLength?: number; pattern?: string } = {},
): Schema<string> {
  return schema({ type: 'string', ...limits });
}

export function flag(): Schema<boolean> {
  return schema({ type: 'boolean' });
}

export function number(limits: Limits = {}): Schema<number> {
  return schema({ type: 'number', ...limits });
}

export function integer(limits: Limits = {}): Schema<number> {
  return schema({ type: 'integer', maximum: Number.MAX_SAFE_INTEGER, ...limits });
}

/** A number, which JSON writes as null where it is NaN; the reader puts NaN back. */
export function numberOrNaN(): Schema<number> {
  return schema({ type: ['number', 'null'] });
}

/** One of `values`. */
export function choice<const Value extends string | boolean>(
  values: readonly Value[],
): Schema<Value> {
  return schema({ enum: values });
}

export function list<Item>(
  items: Schema<Item>,
  limits: { minItems?: number; maxItems?: number } = {},
): Schema<readonly Item[]> {
  return schema({ type: 'array', items, ...limits });
}

/** An object with these properties and any others. */
export function object<Required extends object, Optional extends object = object>(
  required: SchemasOf<Required>,
  optional?: SchemasOf<Optional>,
): Schema<NoInfer<Required & Partial<Optional>>> {
  return schema({
    type: 'object',
    properties: { ...required, ...optional },
    required: Object.keys(required),
  });
}

/** An object with these properties and no others. */
export function closedObject<Required extends object, Optional extends object = object>(
  required: SchemasOf<Required>,
  optional?: SchemasOf<Optional>,
): Schema<NoInfer<Required & Partial<Optional>>> {
  return schema({ ...object(required, optional), additionalProperties: false });
}

/** One of several objects, told apart by `property`. The check needs ajv's option `discriminator`. */
export function variants<Variants extends readonly unknown[]>(
  property: string,
  ...schemas: SchemasOf<Variants>
): Schema<Variants[number]> {
  return schema({
    type: 'object',
    required: [property],
    discriminator: { propertyName: property },
    oneOf: schemas,
  });
}

/** A schema in words that the compiler cannot compare with `Value`: its tests have to. */
export function untiedSchema<Value>(written: object): Schema<Value> {
  return schema(written);
}

function schema<Value>(written: object): Schema<Value> {
  return written;
}
