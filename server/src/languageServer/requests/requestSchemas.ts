/**
 * The parameters of the requests that a page may make. A page shows what a model wrote, and runs where such a
 * text might do harm, so that what it asks is checked before anything looks at it. All other requests come
 * from the extension's own code, of the same version as this server: their types are enough.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import type { ErrorObject, ValidateFunction } from 'ajv';

import { MOST_COMPARED } from '../../../protocol/comparison.ts';
import type { RequestMap, RequestName } from '../../../protocol/languageMessages.ts';
import { TASK_CHANGES } from '../../../protocol/learning.ts';
import { MAXIMUM_PAGE, TABLE_SORTS } from '../../../protocol/queries.ts';
import {
  MODES,
  REJECTION_REASONS,
  ROLES,
  VERDICT_REASONS,
  VERDICTS,
} from '../../../protocol/vocabulary.ts';
import type { PageRequestName } from '../../../protocol/webviewMessages.ts';
import { schemaCheck } from '../../settings/schemaCheck.ts';
import {
  choice,
  closedObject,
  flag,
  integer,
  list,
  type Schema,
  text,
  variants,
} from '../../settings/typedSchema.ts';

const shortText = text({ maxLength: 4096 });
const count = integer({ minimum: 0 });
const step = integer({ minimum: -1 });
const limit = integer({ minimum: 1, maximum: MAXIMUM_PAGE });

function shortList<Item>(items: Schema<Item>): Schema<readonly Item[]> {
  return list(items, { maxItems: 1000 });
}

const filter = closedObject(
  {},
  {
    step,
    modes: shortList(choice(MODES)),
    roles: shortList(choice(ROLES)),
    verdicts: shortList(choice([...VERDICTS, 'accepted', 'rejected'])),
    reasons: shortList(choice([...new Set([...REJECTION_REASONS, ...VERDICT_REASONS])])),
    text: shortText,
  },
);

const runId = shortText;
const ofRun = closedObject({ runId });
const measurement = closedObject({ runId }, { step: count });
/** What a query of either table has. */
const table = { runId, descending: flag(), limit };
const onward = { cursor: shortText, filter };

const SCHEMAS: { readonly [Name in PageRequestName]: Schema<RequestMap[Name]['parameters']> } = {
  'azr/configuration': ofRun,
  'azr/steps': closedObject(
    { runId, order: choice(['newest', 'oldest']), limit },
    { beyondStep: step, filter },
  ),
  'azr/answers': closedObject({ runId, taskId: count, limit }),
  'azr/table': variants(
    'table',
    closedObject(
      { ...table, table: choice(['proposals']), sort: choice(TABLE_SORTS.proposals) },
      onward,
    ),
    closedObject(
      { ...table, table: choice(['rollouts']), sort: choice(TABLE_SORTS.rollouts) },
      onward,
    ),
  ),
  'azr/metrics': closedObject({
    runId,
    names: shortList(shortText),
    afterStep: step,
    maximumPoints: integer({ minimum: 1, maximum: 100_000 }),
  }),
  'azr/metricNames': ofRun,
  'azr/learning': ofRun,
  'azr/changedTasks': closedObject(
    { runId, change: choice(TASK_CHANGES), limit },
    { between: closedObject({ before: count, after: count }), cursor: shortText },
  ),
  'azr/evaluationReport': ofRun,
  'azr/comparison': closedObject({ measurements: list(measurement, { maxItems: MOST_COMPARED }) }),
  'azr/comparedTasks': closedObject(
    { before: measurement, after: measurement, change: choice(TASK_CHANGES), limit },
    { cursor: shortText },
  ),
  'azr/skillMap': ofRun,
  'azr/curriculum': closedObject({ runId, stretches: integer({ minimum: 1, maximum: 1000 }) }),
  'azr/rewardStory': closedObject({ runId, rolloutId: count }),
};

const checks = new Map<string, () => ValidateFunction>(
  Object.entries<object>(SCHEMAS).map(([name, schema]) => [
    name,
    schemaCheck(schema, { discriminator: true }),
  ]),
);

/**
 * `value` as the parameters of the request; throws a {@link ProblemError} `bad-parameters` where a page may
 * ask for it and they are wrong.
 */
export function checkParameters<Name extends RequestName>(
  name: Name,
  value: unknown,
): RequestMap[Name]['parameters'] {
  // A client may leave out parameters that hold nothing.
  const given = (value ?? {}) as RequestMap[Name]['parameters'];
  const validate = checks.get(name)?.();
  if (validate === undefined || validate(given)) return given;
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
