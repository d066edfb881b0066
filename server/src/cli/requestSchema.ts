/** Checks the requests that other programs send, so that nothing of the wrong shape reaches the grader. */
import { ProblemError } from '../../protocol/problem.ts';
import type { ErrorObject, ValidateFunction } from 'ajv';

import { schemaCheck } from '../settings/schemaCheck.ts';

const text = { type: 'string' } as const;

/** A pair of an argument list and a result, both as Python literals. */
export const PAIRS_SCHEMA = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    required: ['input', 'output'],
    properties: { input: text, output: text },
  },
} as const;

/** An object schema with text properties; `others` describes the ones that are not texts. */
export function requestSchema(
  required: readonly string[],
  texts: readonly string[],
  others: Readonly<Record<string, object>> = {},
): object {
  const properties = { ...Object.fromEntries(texts.map((name) => [name, text])), ...others };
  return { type: 'object', required, properties };
}

/** A schema that is chosen by the request's `mode`. */
export function schemaByMode(schemas: Readonly<Record<string, object>>): object {
  return {
    type: 'object',
    required: ['mode'],
    discriminator: { propertyName: 'mode' },
    oneOf: Object.entries(schemas).map(([mode, schema]) => ({
      ...schema,
      properties: {
        ...(schema as { properties: object }).properties,
        mode: { const: mode },
      },
    })),
  };
}

export class RequestReader<Request> {
  readonly #check: () => ValidateFunction<Request>;
  readonly #example: string;

  /** `example` is a request that works, shown as the remedy for one that does not. */
  constructor(schema: object, example: object) {
    this.#check = schemaCheck(schema, { discriminator: true, allowUnionTypes: true });
    this.#example = JSON.stringify(example);
  }

  /** Throws ProblemError `bad-json` or `bad-request`. */
  parse(text: string): Request {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ProblemError({
        code: 'bad-json',
        message: `It is not valid JSON: ${reason}.`,
        remedy: this.#remedy(),
      });
    }
    return this.check(value);
  }

  /** Throws ProblemError `bad-request`. */
  check(value: unknown): Request {
    const validate = this.#check();
    if (validate(value)) return value;
    const [error] = validate.errors ?? [];
    throw new ProblemError({
      code: 'bad-request',
      message: describe(error),
      remedy: this.#remedy(),
    });
  }

  #remedy(): string {
    return `Send, for example, ${this.#example}`;
  }
}

function describe(error: ErrorObject | undefined): string {
  const key = error?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  if (error?.keyword === 'discriminator') {
    return '"mode" must be one of "deduction", "abduction", "induction".';
  }
  if (error?.keyword === 'required') {
    const missing = (error.params as { missingProperty: string }).missingProperty;
    return `"${key === '' ? missing : `${key}.${missing}`}" is missing.`;
  }
  if (key === '') return 'It must be a JSON object.';
  return `"${key}" ${error?.message ?? 'is wrong'}.`;
}
