/** Typed reading of a request's JSON: a wrong value is refused by the name of its parameter. */
import { RefusedRequest } from './refusedRequest.ts';

export class RequestFields {
  readonly #values: Readonly<Record<string, unknown>>;

  /** `text` is a request's body. Throws RefusedRequest unless it is an object in JSON. */
  constructor(text: string) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw notAnObject(`The body of the request is not JSON: ${reason.slice(0, 200)}.`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw notAnObject('The body of the request is not an object in JSON.');
    }
    this.#values = value as Record<string, unknown>;
  }

  /** Names of the parameters that have a value; null stands for none. */
  get names(): string[] {
    return Object.keys(this.#values).filter((name) => this.value(name) !== undefined);
  }

  /** Undefined for null too, and for what objects have by themselves. */
  value(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? (this.#values[name] ?? undefined) : undefined;
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.number(name, least, most);
    if (value === undefined || Number.isInteger(value)) return value;
    throw wrongParameter(name, `must be an integer from ${least} to ${most}`);
  }

  number(name: string, least: number, most: number): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    throw wrongParameter(name, `must be a number from ${least} to ${most}`);
  }

  flag(name: string): boolean {
    const value = this.value(name) ?? false;
    if (typeof value === 'boolean') return value;
    throw wrongParameter(name, 'must be true or false');
  }

  text(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    throw wrongParameter(name, 'must be a text');
  }
}

/** @param expectation what the parameter must be, to follow its name */
export function wrongParameter(name: string, expectation: string): RefusedRequest {
  return new RefusedRequest(
    400,
    {
      code: 'bad-request',
      message: `"${name}" ${expectation}.`,
      remedy: 'Correct it and send the request again.',
    },
    name,
  );
}

function notAnObject(message: string): RefusedRequest {
  const remedy = "Send the parameters as OpenAI's API has them: an object in JSON.";
  return new RefusedRequest(400, { code: 'bad-json', message, remedy });
}
