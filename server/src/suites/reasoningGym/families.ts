/** Which families of tasks of reasoning-gym are asked, how hard, and of what kind their answers are. */

/** How the answers of a family are compared. */
export type AnswerKind =
  /** By value: see numberLiteral. */
  | 'number'
  /** Word by word; capitals, quotes and spaces do not count. */
  | 'text'
  /** Element by element, however they are set apart. */
  | 'list';

/** The strata of the suite, from the easiest. */
export const DIFFICULTIES = ['easy', 'medium', 'hard'] as const;
export type Difficulty = (typeof DIFFICULTIES)[number];

export interface Family {
  readonly name: string;
  /** The folder of the package that holds its module, which has the name of the family. */
  readonly area: 'arithmetic' | 'algorithmic' | 'logic' | 'cognition' | 'graphs';
  readonly answer: AnswerKind;
  /** Whether it draws from the package's English text. */
  readonly readsText?: true;
  /** Fields of its configuration, as Python's keyword arguments; everything else is as the package has it. */
  readonly levels: Readonly<Record<Difficulty, string>>;
}

/**
 * Of the families whose answer is the only right one, those that need nothing but the standard library, and
 * not more than the sandbox has of it.
 */
export const FAMILIES: readonly Family[] = [
  {
    ...{ name: 'basic_arithmetic', area: 'arithmetic', answer: 'number' },
    levels: {
      easy: 'min_terms=2, max_terms=3, min_digits=1, max_digits=2',
      medium: 'min_terms=4, max_terms=5, min_digits=2, max_digits=3',
      hard: 'min_terms=6, max_terms=8, min_digits=3, max_digits=4',
    },
  },
  {
    ...{ name: 'base_conversion', area: 'algorithmic', answer: 'text' },
    levels: {
      easy: 'max_value=100',
      medium: 'min_value=500, max_value=5_000',
      hard: 'min_value=50_000, max_value=1_000_000',
    },
  },
  {
    ...{ name: 'circuit_logic', area: 'logic', answer: 'number' },
    levels: {
      easy: 'min_terms=2, max_terms=3, min_inputs=2, max_inputs=2',
      medium: 'min_terms=4, max_terms=6, min_inputs=2, max_inputs=4',
      hard: 'min_terms=8, max_terms=10, min_inputs=4, max_inputs=6',
    },
  },
  {
    ...{ name: 'chain_sum', area: 'arithmetic', answer: 'number' },
    levels: {
      easy: 'min_terms=2, max_terms=3, min_digits=1, max_digits=2',
      medium: 'min_terms=4, max_terms=6, min_digits=3, max_digits=4',
      hard: 'min_terms=8, max_terms=10, min_digits=5, max_digits=6',
    },
  },
  {
    ...{ name: 'caesar_cipher', area: 'algorithmic', answer: 'text', readsText: true },
    levels: {
      easy: 'min_words=3, max_words=4, max_rotation=3',
      medium: 'min_words=5, max_words=8, max_rotation=13',
      hard: 'min_words=12, max_words=20',
    },
  },
  {
    ...{ name: 'color_cube_rotation', area: 'cognition', answer: 'text' },
    levels: {
      easy: 'min_rotations=1, max_rotations=1',
      medium: 'min_rotations=2, max_rotations=4',
      hard: 'min_rotations=6, max_rotations=10',
    },
  },
  {
    ...{ name: 'decimal_chain_sum', area: 'arithmetic', answer: 'number' },
    levels: {
      easy: 'min_terms=2, max_terms=2, max_digits=2, max_decimal_places=1',
      medium: 'min_terms=3, max_terms=4, max_digits=3, max_decimal_places=3',
      hard: 'min_terms=6, max_terms=8, min_digits=3, max_digits=5, min_decimal_places=3',
    },
  },
  {
    ...{ name: 'count_primes', area: 'algorithmic', answer: 'number' },
    levels: {
      easy: 'max_n=50',
      medium: 'max_n=200',
      hard: 'max_n=2_000',
    },
  },
  {
    ...{ name: 'course_schedule', area: 'graphs', answer: 'text' },
    levels: {
      easy: 'min_num_courses=4, max_num_courses=5',
      medium: 'min_num_courses=8, max_num_courses=12, max_cycle_length=6',
      hard: 'min_num_courses=20, max_num_courses=30, max_num_prerequisites=3, max_cycle_length=12',
    },
  },
  {
    ...{ name: 'gcd', area: 'arithmetic', answer: 'number' },
    levels: {
      easy: 'max_value=50',
      medium: 'min_value=100, max_value=2_000',
      hard: 'min_numbers=3, max_numbers=4, min_value=1_000, max_value=100_000',
    },
  },
  {
    ...{ name: 'letter_counting', area: 'algorithmic', answer: 'number', readsText: true },
    levels: {
      easy: 'min_words=3, max_words=5',
      medium: 'min_words=10, max_words=15',
      hard: 'min_words=30, max_words=50',
    },
  },
  {
    ...{ name: 'self_reference', area: 'logic', answer: 'number' },
    levels: { easy: 'difficulty=1', medium: 'difficulty=4', hard: 'difficulty=8' },
  },
  {
    ...{ name: 'leg_counting', area: 'arithmetic', answer: 'number' },
    levels: {
      easy: 'min_animals=2, max_animals=3, max_instances=5',
      medium: 'min_animals=5, max_animals=8, max_instances=15',
      hard: 'min_animals=12, max_animals=16, min_instances=10, max_instances=60',
    },
  },
  {
    ...{ name: 'rotate_matrix', area: 'algorithmic', answer: 'list' },
    levels: {
      easy: 'min_n=2, max_n=3, max_rotations=2',
      medium: 'min_n=4, max_n=5, max_rotations=5',
      hard: 'min_n=7, max_n=9',
    },
  },
  {
    ...{ name: 'products', area: 'arithmetic', answer: 'number' },
    levels: {
      easy: 'min_digits=1, max_digits=2',
      medium: 'min_digits=3, max_digits=3',
      hard: 'min_terms=2, max_terms=3, min_digits=4, max_digits=5',
    },
  },
  {
    ...{ name: 'spiral_matrix', area: 'algorithmic', answer: 'list' },
    levels: {
      easy: 'min_n=2, max_n=3',
      medium: 'min_n=4, max_n=5',
      hard: 'min_n=7, max_n=9',
    },
  },
  {
    ...{ name: 'string_manipulation', area: 'algorithmic', answer: 'text' },
    levels: {
      easy: 'min_string_length=5, max_string_length=7, max_num_rules=3',
      medium: 'min_string_length=10, max_string_length=14, min_num_rules=5, max_num_rules=6',
      hard: 'min_string_length=20, max_string_length=30, min_num_rules=8, max_num_rules=12',
    },
  },
  {
    ...{ name: 'word_sorting', area: 'algorithmic', answer: 'list', readsText: true },
    levels: {
      easy: 'min_words=3, max_words=4',
      medium: 'min_words=8, max_words=10',
      hard: 'min_words=20, max_words=30',
    },
  },
];

/** Whether a task has a name as {@link itemName} gives it. */
export function isItemName(name: string): boolean {
  const [family = '', difficulty = '', number = ''] = name.split('/');
  const isKnown = FAMILIES.some((one) => one.name === family);
  return isKnown && DIFFICULTIES.some((one) => one === difficulty) && /^\d+$/.test(number);
}

/** The family of an item that is named as itemName says. Throws where there is none. */
export function familyOf(itemId: string): Family {
  const [name] = itemId.split('/', 1);
  const family = FAMILIES.find((one) => one.name === name);
  if (family === undefined) throw new Error(`${itemId} is not an item of a family.`);
  return family;
}

/** What an item is called: the family, the difficulty, and a number from 0. */
export function itemName({ name }: Family, difficulty: Difficulty, number: number): string {
  return `${name}/${difficulty}/${String(number)}`;
}
