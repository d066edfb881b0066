/**
 * The number that an answer in words states, as a Python literal in one spelling. Equal numbers give equal
 * literals: a whole number is an int, a finite decimal a float, any other fraction a pair in lowest terms.
 * Nothing is evaluated but fractions of two whole numbers.
 */

const NUMBER =
  /(?<![\w.,])[-+−]?(?:\d+ \d+\/\d+|\d+\/\d+|\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)(?![\d/]|[.,]\d)/g;

/** Symbols of currencies, and the marks that TeX and Markdown set around a number. */
const AROUND = /[$€£¥₹%*`_]|\\[(),!;[\]]|\\text(?:bf)?|\\mathrm/g;
const TEX_FRACTION = /\\[dt]?frac\s*\{(-?\d+)\}\s*\{(\d+)\}/g;
const BOXED = /\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}/g;

/**
 * Undefined where `text` states no number, or several. Of an equation, the last side counts. A number may
 * have a sign, a currency, a unit, thousands set apart by commas, and may be a word such as "twenty-five".
 */
export function numberLiteral(text: string): string | undefined {
  const boxed = [...text.matchAll(BOXED)].at(-1)?.[1] ?? text;
  const side = (boxed.split(/=|≈/).at(-1) ?? '')
    .replace(TEX_FRACTION, '$1/$2')
    .replaceAll('{,}', ',')
    .replace(AROUND, ' ')
    .replace(/[{}]/g, ' ')
    // Between a sign and its number there may have been a currency.
    .replace(/([-+−])\s+(?=[\d.])/g, '$1');
  const found = [...side.matchAll(NUMBER)].map(([number]) => number);
  if (found.length > 1) return undefined;
  return found[0] === undefined ? wordLiteral(side) : literalOf(found[0]);
}

function literalOf(spelled: string): string | undefined {
  const text = spelled.replace('−', '-').replace(/,/g, '');
  const sign = text.startsWith('-') ? -1n : 1n;
  const size = text.replace(/^[-+]/, '');
  if (size.includes('/')) {
    const [over = '', under = ''] = size.split('/');
    const [last, whole = '0'] = over.split(' ').reverse();
    const denominator = BigInt(under);
    if (denominator === 0n) return undefined;
    return ratioLiteral(sign * (BigInt(whole) * denominator + BigInt(last ?? '')), denominator);
  }
  const [whole = '', decimals = ''] = size.split('.');
  return ratioLiteral(sign * BigInt(whole + decimals), 10n ** BigInt(decimals.length));
}

function ratioLiteral(numerator: bigint, denominator: bigint): string {
  const divisor = greatestDivisor(numerator < 0n ? -numerator : numerator, denominator);
  const [over, under] = [numerator / divisor, denominator / divisor];
  if (under === 1n) return over.toString();
  const places = decimalPlaces(under);
  if (places === undefined) return `(${over}, ${under})`;
  const digits = ((over < 0n ? -over : over) * 10n ** BigInt(places)) / under;
  const padded = digits.toString().padStart(places + 1, '0');
  return `${over < 0n ? '-' : ''}${padded.slice(0, -places)}.${padded.slice(-places)}`;
}

function greatestDivisor(left: bigint, right: bigint): bigint {
  return right === 0n ? left : greatestDivisor(right, left % right);
}

/** How many decimals 1/denominator has; undefined where they do not end. */
function decimalPlaces(denominator: bigint): number | undefined {
  let [rest, twos, fives] = [denominator, 0, 0];
  for (; rest % 2n === 0n; rest /= 2n) twos += 1;
  for (; rest % 5n === 0n; rest /= 5n) fives += 1;
  return rest === 1n ? Math.max(twos, fives) : undefined;
}

const SMALL_NUMBERS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');
const SCALES: Readonly<Record<string, number>> = { thousand: 1e3, million: 1e6, billion: 1e9 };

/** A number in English words, such as "minus two thousand and five"; other words stand before or after it. */
function wordLiteral(text: string): string | undefined {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  const isPart = (word: string) => valueOf(word) !== undefined || isScale(word);
  const first = words.findIndex(isPart);
  const last = words.findLastIndex(isPart);
  if (first < 0) return undefined;
  let [total, current] = [0, 0];
  for (const word of words.slice(first, last + 1)) {
    const value = valueOf(word);
    if (value !== undefined) {
      // "Five six" is two numbers; "twenty five" and "hundred five" are one.
      const room = current % 100 === 0 ? 100 : current % 10 === 0 && current % 100 >= 20 ? 10 : 0;
      if (value >= room) return undefined;
      current += value;
    } else if (word === 'hundred') current = Math.max(current, 1) * 100;
    else if (isScale(word)) {
      total += Math.max(current, 1) * SCALES[word]!;
      current = 0;
    } else if (word !== 'and') return undefined;
  }
  const before = words[first - 1];
  const isNegative = before === 'minus' || before === 'negative';
  return String((isNegative ? -1 : 1) * (total + current));
}

function valueOf(word: string): number | undefined {
  const small = SMALL_NUMBERS.indexOf(word);
  if (small >= 0) return small;
  const ten = TENS.indexOf(word);
  return ten >= 0 ? (ten + 2) * 10 : undefined;
}

function isScale(word: string): boolean {
  return word === 'hundred' || word in SCALES;
}
