/** How many real roots a polynomial has: Sturm's theorem, with whole numbers alone. */

/**
 * The number of different real roots.
 * @param coefficients from the constant upwards; the last is not 0
 */
export function realRoots(coefficients: readonly bigint[]): number {
  const chain = [coefficients, derivative(coefficients)];
  while (chain.at(-1)!.length > 1) {
    const rest = negativeRemainder(chain.at(-2)!, chain.at(-1)!);
    if (rest.length === 0) break;
    chain.push(rest);
  }
  const atInfinity = chain.map((one) => one.at(-1)! > 0n);
  // Far on the left an odd power has the other sign.
  const atMinusInfinity = atInfinity.map((sign, index) =>
    chain[index]!.length % 2 === 0 ? !sign : sign,
  );
  return changes(atMinusInfinity) - changes(atInfinity);
}

function changes(signs: readonly boolean[]): number {
  return signs.filter((sign, index) => index > 0 && sign !== signs[index - 1]).length;
}

function derivative(coefficients: readonly bigint[]): bigint[] {
  return coefficients.slice(1).map((coefficient, index) => coefficient * BigInt(index + 1));
}

/** A positive multiple of minus the remainder of `dividend` by `divisor`. */
function negativeRemainder(dividend: readonly bigint[], divisor: readonly bigint[]): bigint[] {
  const leading = divisor.at(-1)!;
  const [scale, sign] = leading < 0n ? [-leading, -1n] : [leading, 1n];
  let rest = [...dividend];
  while (rest.length >= divisor.length) {
    const factor = rest.at(-1)! * sign;
    const shift = rest.length - divisor.length;
    rest = trimmed(
      rest.map((coefficient, index) => {
        const subtracted = index < shift ? 0n : factor * divisor[index - shift]!;
        return coefficient * scale - subtracted;
      }),
    );
  }
  return rest.map((coefficient) => -coefficient);
}

function trimmed(coefficients: readonly bigint[]): bigint[] {
  const last = coefficients.findLastIndex((coefficient) => coefficient !== 0n);
  return coefficients.slice(0, last + 1);
}
