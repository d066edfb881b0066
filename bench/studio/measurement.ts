/** One line of the table of budgets. */
export interface Measurement {
  readonly name: string;
  readonly measured: number;
  readonly budget: number;
  readonly unit: 'ms' | 's' | 'MB' | 'rows';
}

/** The table, with what is over its budget marked; and whether all is within. */
export function budgetTable(measurements: readonly Measurement[]): {
  readonly text: string;
  readonly isMet: boolean;
} {
  const rows = measurements.map(({ name, measured, budget, unit }) => {
    const digits = unit === 'rows' || unit === 'ms' ? 0 : 2;
    return [
      name,
      `${measured.toFixed(digits)} ${unit}`,
      `≤ ${String(budget)} ${unit}`,
      measured <= budget ? 'ok' : 'OVER',
    ];
  });
  const head = ['what', 'measured', 'budget', ''];
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return {
    text: [line(head), ...rows.map(line)].join('\n'),
    isMet: measurements.every(({ measured, budget }) => measured <= budget),
  };
}
