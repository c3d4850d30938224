/** A small line without axes: the shape of some numbers over time. Its label says what they come to. */

const WIDTH = 120;
const HEIGHT = 28;

export function Sparkline({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const highest = Math.max(...values, 1);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map(
    (value, index) => `${round(index * step)},${round(HEIGHT - 1 - (value / highest) * (HEIGHT - 3))}`,
  );
  const line = points.length === 0 ? '' : `M${points.join('L')}`;
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {line === '' ? null : <path className="sparkline-area" d={`${line}L${WIDTH},${HEIGHT}L0,${HEIGHT}Z`} />}
      <path className="sparkline-line" d={line} />
    </svg>
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
