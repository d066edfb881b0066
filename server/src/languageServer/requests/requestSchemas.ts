/** The shape of every request's parameters; what does not fit is refused before anything looks at it. */
import { ProblemError } from '../../../protocol/problem.ts';
import type { ErrorObject, ValidateFunction } from 'ajv';

import type { RequestMap, RequestName } from '../../../protocol/languageMessages.ts';
import { TASK_CHANGES } from '../../../protocol/learning.ts';
import { MAXIMUM_PAGE, TABLE_SORTS } from '../../../protocol/queries.ts';
import {
  MODES,
  REJECTION_REASONS,
  ROLES,
  STEP_LISTS,
  VERDICT_REASONS,
  VERDICTS,
} from '../../../protocol/vocabulary.ts';
import { schemaCheck } from '../../settings/schemaCheck.ts';

/** Longest text that a client may send, a scratch file's included. */
const TEXT_CHARACTERS = 2_000_000;
const MAXIMUM_LIST = 1000;

const text = { type: 'string', maxLength: TEXT_CHARACTERS } as const;
const shortText = { type: 'string', maxLength: 4096 } as const;
const count = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const step = { type: 'integer', minimum: -1, maximum: Number.MAX_SAFE_INTEGER } as const;
const limit = { type: 'integer', minimum: 1, maximum: MAXIMUM_PAGE } as const;
const role = { enum: ROLES } as const;
const mode = { enum: MODES } as const;

function listOf(items: object): object {
  return { type: 'array', items, maxItems: MAXIMUM_LIST };
}

/** An object with just these properties, of which those in `optional` may be absent. */
function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []) {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  };
}

const filter = object(
  {
    step,
    modes: listOf(mode),
    roles: listOf(role),
    verdicts: listOf({ enum: [...VERDICTS, 'accepted', 'rejected'] }),
    reasons: listOf({ enum: [...new Set([...REJECTION_REASONS, ...VERDICT_REASONS])] }),
    text: shortText,
  },
  ['step', 'modes', 'roles', 'verdicts', 'reasons', 'text'],
);

const runId = shortText;
const ofRun = object({ runId });

function tableQuery(table: keyof typeof TABLE_SORTS): object {
  return object(
    {
      runId,
      table: { const: table },
      sort: { enum: TABLE_SORTS[table] },
      descending: { type: 'boolean' },
      limit,
      cursor: shortText,
      filter,
    },
    ['cursor', 'filter'],
  );
}

const start = object(
  { parentFolder: shortText, runFile: shortText, settings: { type: 'object' } },
  ['runFile'],
);

const SCHEMAS: Readonly<Record<RequestName, object>> = {
  'azr/runs': object({}),
  'azr/configuration': ofRun,
  'azr/machine': object({ folder: shortText }, ['folder']),
  'azr/doctor': object({}),
  'azr/missingEngineKey': { type: 'object', anyOf: [start, ofRun] },
  'azr/fetchModel': object({ model: shortText }),
  'azr/start': start,
  'azr/stop': object({ runId, when: { enum: ['after-step', 'now'] } }),
  'azr/pause': ofRun,
  'azr/resume': ofRun,
  'azr/replay': object(
    { runId, speed: { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { const: 'unlimited' }] } },
    ['runId'],
  ),
  'azr/evaluate': object(
    {
      parentFolder: shortText,
      suite: shortText,
      subjects: listOf({
        type: 'object',
        anyOf: [object({ model: shortText }), object({ runId, step: count }, ['step'])],
      }),
      samples: { type: 'integer', minimum: 0, maximum: 1000 },
      items: { type: 'integer', minimum: 1, maximum: 1_000_000 },
      taskIds: listOf(count),
    },
    ['items', 'taskIds'],
  ),
  'azr/steps': object(
    { runId, order: { enum: ['newest', 'oldest'] }, beyondStep: step, limit, filter },
    ['beyondStep', 'filter'],
  ),
  'azr/stepItems': object(
    { runId, step, role: { enum: STEP_LISTS }, mode, offset: count, limit, filter },
    ['filter'],
  ),
  'azr/answers': object({ runId, taskId: count, limit }),
  'azr/table': {
    type: 'object',
    required: ['table'],
    discriminator: { propertyName: 'table' },
    oneOf: [tableQuery('proposals'), tableQuery('rollouts')],
  },
  'azr/metrics': object({
    runId,
    names: listOf(shortText),
    afterStep: step,
    maximumPoints: { type: 'integer', minimum: 1, maximum: 100_000 },
  }),
  'azr/metricNames': ofRun,
  'azr/learning': ofRun,
  'azr/changedTasks': object(
    {
      runId,
      change: { enum: TASK_CHANGES },
      between: object({ before: count, after: count }),
      limit,
      cursor: shortText,
    },
    ['between', 'cursor'],
  ),
  'azr/evaluationReport': ofRun,
  'azr/skillMap': object({ runId }),
  'azr/curriculum': object({ runId, stretches: { type: 'integer', minimum: 1, maximum: 1000 } }),
  'azr/rewardStory': object({ runId, rolloutId: count }),
  'azr/rerun': object(
    { uri: shortText, text, times: { type: 'integer', minimum: 1, maximum: 100 } },
    ['text'],
  ),
  'azr/openRunFolder': object({ folder: shortText }),
  'azr/locate': object({ uri: shortText }),
  'azr/scratch': object({ uri: shortText }),
  'azr/pythonFile': object({ uri: shortText }),
};

export const REQUEST_NAMES = Object.keys(SCHEMAS) as readonly RequestName[];

const checks = new Map<RequestName, () => ValidateFunction>(
  REQUEST_NAMES.map((name) => [
    name,
    schemaCheck(SCHEMAS[name], { discriminator: true, strictTypes: false }),
  ]),
);

/** `value` as the parameters of the request; throws a {@link ProblemError} `bad-parameters`. */
export function checkParameters<Name extends RequestName>(
  name: Name,
  value: unknown,
): RequestMap[Name]['parameters'] {
  const validate = checks.get(name)!();
  // A client may leave out parameters that hold nothing.
  const given = value ?? {};
  if (validate(given)) return given;
  throw new ProblemError({
    code: 'bad-parameters',
    message: `The parameters of ${name} are wrong: ${describe(validate.errors?.[0])}`,
    remedy: 'This is a defect of the program that asked; update AZR Studio as a whole.',
  });
}

function describe(error: ErrorObject | undefined): string {
  const place = error?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  return `${place === '' ? 'they' : `"${place}"`} ${error?.message ?? 'have another form'}.`;
}
