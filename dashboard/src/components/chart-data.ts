/** Series as a chart draws them: stacked or not, and in words for those who do not see it. */

export interface ChartSeries {
  readonly label: string;
  /** one of `--series-1` … `--series-8`, or a meaning (`--good`, `--warning`, `--bad`) */
  readonly color: string;
  /** one for each moment; null: there is none */
  readonly values: readonly (number | null)[];
}

/** Each series on top of those before it. */
export function stackedValues(series: readonly ChartSeries[]): (number | null)[][] {
  const below: number[] = [];
  return series.map(({ values }) =>
    values.map((value, index) => {
      const top = (below[index] ?? 0) + (value ?? 0);
      below[index] = top;
      return top;
    }),
  );
}

/** One sentence for each series: what it comes to, and its highest value. */
export function seriesInWords(series: readonly ChartSeries[], format: (value: number) => string): string[] {
  return series.map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${label}: nothing`;
    const [first, last] = [known[0] ?? 0, known.at(-1) ?? 0];
    return `${label}: from ${format(first)} to ${format(last)}, at most ${format(Math.max(...known))}`;
  });
}
