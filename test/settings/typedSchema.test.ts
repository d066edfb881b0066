/** A schema and its type say the same, which the compiler checks, and ajv reads the schema as it is meant. */
import { expect, test } from 'vitest';

import { schemaCheck } from '../../server/src/settings/schemaCheck.ts';
import {
  choice,
  closedObject,
  integer,
  list,
  number,
  numberOrNaN,
  object,
  type Schema,
  text,
  variants,
} from '../../server/src/settings/typedSchema.ts';

interface Animal {
  readonly name: string;
  readonly kind: 'cat' | 'dog';
  readonly friends: readonly string[];
  readonly age?: number;
}
const animal = {
  name: text({ minLength: 1 }),
  kind: choice(['cat', 'dog']),
  friends: list(text()),
};
const right: Schema<Animal> = object(animal, { age: integer({ minimum: 0 }) });

test.each([
  [{ name: 'Tom', kind: 'cat', friends: [] }, true],
  [{ name: 'Tom', kind: 'cat', friends: ['Rex'], age: 3, more: true }, true],
  [{ name: '', kind: 'cat', friends: [] }, false],
  [{ name: 'Tom', kind: 'cow', friends: [] }, false],
  [{ name: 'Tom', kind: 'cat' }, false],
  [{ name: 'Tom', kind: 'cat', friends: [1] }, false],
  [{ name: 'Tom', kind: 'cat', friends: [], age: 1.5 }, false],
  [{ name: 'Tom', kind: 'cat', friends: [], age: 2 ** 60 }, false],
])('%j fits: %s', (value, fits) => {
  expect(schemaCheck(right)()(value)).toBe(fits);
});

test('a closed object has no other properties, and variants are told apart by one', () => {
  expect(schemaCheck(closedObject({ name: text() }))()({ name: 'Tom', more: true })).toBe(false);
  const shape = variants(
    'kind',
    object({ kind: choice(['circle']), radius: number({ exclusiveMinimum: 0 }) }),
    object({ kind: choice(['point']), weight: numberOrNaN() }),
  );
  const check = schemaCheck(shape, { discriminator: true, allowUnionTypes: true })();
  const fitting = [
    ...[
      { kind: 'circle', radius: 1 },
      { kind: 'circle', radius: 0 },
      { kind: 'point', radius: 1 },
    ],
    ...[{ kind: 'point', weight: null }, { kind: 'square' }, {}],
  ].map((value) => check(value));
  expect(fitting).toEqual([true, false, false, true, false, false]);
});

test('the compiler refuses a schema that says more, less or something else than its type', () => {
  const wrong: readonly Schema<Animal>[] = [
    // @ts-expect-error -- the property `age` is missing.
    object(animal),
    // @ts-expect-error -- `age` is required here and optional there.
    object({ ...animal, age: number() }),
    // @ts-expect-error -- `age` is a text.
    object(animal, { age: text() }),
    // @ts-expect-error -- a kind more.
    object({ ...animal, kind: choice(['cat', 'dog', 'cow']) }, { age: number() }),
    // @ts-expect-error -- a kind less.
    object({ ...animal, kind: choice(['cat']) }, { age: number() }),
    // @ts-expect-error -- a property more, which is required.
    object({ ...animal, tail: text() }, { age: number() }),
  ];
  expect(wrong).toHaveLength(6);
});
