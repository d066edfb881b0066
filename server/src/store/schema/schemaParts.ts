/** All tables and indexes of run.db, in the order in which they are made. */
import { EVALUATION_SCHEMA } from './evaluationSchema.ts';
import { LEARNED_SCHEMA } from './learnedSchema.ts';
import { PACK_SCHEMA } from './packSchema.ts';
import { BRANCH_SCHEMA, GIVEN_SCHEMA, SCHEMA } from './schema.ts';
import { SUMMARY_SCHEMA } from './summarySchema.ts';

export const SCHEMA_PARTS = [
  SCHEMA,
  SUMMARY_SCHEMA,
  BRANCH_SCHEMA,
  PACK_SCHEMA,
  LEARNED_SCHEMA,
  EVALUATION_SCHEMA,
  GIVEN_SCHEMA,
];
