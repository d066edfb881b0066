/** What a line of a user's file may hold. */
import { schemaCheck } from '../../settings/schemaCheck.ts';
import { untiedSchema } from '../../settings/typedSchema.ts';
import type { QuestionLine } from '../gsm8k.ts';

interface Named {
  /** The user's name of the item; the number of its line where it is absent. */
  readonly id?: string;
}

export interface ProgramLine extends Named {
  /** Defines `f`. */
  readonly program: string;
  /** Literals, as they stand between the parentheses of a call. */
  readonly input: string;
  readonly output: string;
}

export interface TestedLine extends Named {
  readonly prompt: string;
  readonly entry_point: string;
  readonly tests: readonly { readonly input: string; readonly output: string }[];
}

export type FileLine = ProgramLine | TestedLine | (QuestionLine & Named);

const text = { type: 'string', minLength: 1 } as const;
const id = { type: 'string', minLength: 1, maxLength: 80 } as const;
const pair = { input: { type: 'string' }, output: text } as const;

function lineWith(properties: Readonly<Record<string, object>>): object {
  const required = Object.keys(properties);
  return { required, properties: { ...properties, id }, additionalProperties: false };
}

/** Which kind a line is shows in its first field, so that what is said of it fits. */
export const checkFileLine = schemaCheck(
  untiedSchema<FileLine>({
    type: 'object',
    if: { required: ['program'] },
    then: lineWith({ program: text, ...pair }),
    else: {
      if: { required: ['prompt'] },
      then: lineWith({
        prompt: text,
        entry_point: { type: 'string', pattern: '^[A-Za-z_]\\w*$', maxLength: 80 },
        tests: {
          type: 'array',
          minItems: 1,
          items: { type: 'object', required: ['input', 'output'], properties: pair },
        },
      }),
      else: lineWith({ question: text, answer: text }),
    },
  }),
);
