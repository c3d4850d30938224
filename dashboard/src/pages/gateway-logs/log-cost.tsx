/** How a log's cost came about: units at prices, exactly, and what was adjusted since. */
import { Badge } from '../../components/badge.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { exactUsd, formatCount } from '../../format.js';
import type { LogDetail } from './log-drawer.js';

type Breakdown = LogDetail['costBreakdown'];
type AttemptCost = Breakdown['attempts'][number];
type Line = AttemptCost['lines'][number];

const COLUMNS: readonly Column<Line>[] = [
  { key: 'unit', label: 'Unit', cell: ({ unit }) => unitName(unit) },
  { key: 'quantity', label: 'Quantity', isNumber: true, cell: ({ quantity }) => formatCount(quantity) },
  { key: 'rate', label: '× USD for one', isNumber: true, cell: ({ rateUsd }) => rateUsd },
  { key: 'amount', label: '= USD', isNumber: true, cell: ({ amountUsd }) => amountUsd },
];

/** `cachedInputTokens` → `cached input tokens` */
const unitName = (unit: string): string => unit.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export function LogCost({ log }: { readonly log: LogDetail }) {
  const { costBreakdown: breakdown, usageSource, usageNote, savedUsd } = log;
  return (
    <section>
      <h3>Usage and cost</h3>
      <p className="muted">
        {SOURCES[usageSource]}
        {usageNote === null ? null : (
          <>
            {' '}
            <bdi>{`${usageNote.charAt(0).toUpperCase()}${usageNote.slice(1)}.`}</bdi>
          </>
        )}
      </p>
      {breakdown.attempts.map((attempt) => (
        <AttemptLines key={attempt.number} attempt={attempt} isOnly={breakdown.attempts.length === 1} />
      ))}
      {breakdown.adjustments.length === 0 ? null : <Adjustments breakdown={breakdown} />}
      <p className="log-total">
        Total{' '}
        <strong>
          {breakdown.totalUsd === null ? 'unknown: there is no price for it' : exactUsd(breakdown.totalUsd)}
        </strong>
        {savedUsd === null ? null : <span className="muted">, saved by the cache {exactUsd(savedUsd)}</span>}
      </p>
    </section>
  );
}

const SOURCES: Readonly<Record<LogDetail['usageSource'], string>> = {
  PROVIDER: 'Usage as the provider told it.',
  ESTIMATED: 'Usage estimated: the provider did not tell it.',
  NONE: 'No usage: nothing was used, or nothing told how much.',
};

function AttemptLines({ attempt, isOnly }: { readonly attempt: AttemptCost; readonly isOnly: boolean }) {
  const { number, provider, model, price, lines, note } = attempt;
  return (
    <div className="log-cost">
      <p className="muted">
        {isOnly ? null : (
          <>
            Attempt {number}, <bdi>{model ?? provider}</bdi>:{' '}
          </>
        )}
        {price === null ? null : (
          <>
            {isOnly ? 'Price' : 'price'} <bdi>{price.rule}</bdi>
            {price.version === null ? null : `, list ${price.version}`}
            {price.condition === null ? null : <bdi>, {price.condition}</bdi>}
          </>
        )}
        {note === null ? null : <bdi>{note}</bdi>}
      </p>
      {lines.length === 0 ? null : (
        <Table label={`Cost of attempt ${number}`} columns={COLUMNS} rows={lines} keyOf={({ unit }) => unit} />
      )}
    </div>
  );
}

function Adjustments({ breakdown }: { readonly breakdown: Breakdown }) {
  return (
    <ul className="log-adjustments">
      <li>
        Recorded <strong>{breakdown.recordedUsd === null ? 'without a price' : exactUsd(breakdown.recordedUsd)}</strong>
      </li>
      {breakdown.adjustments.map(({ id, createdAt, amountUsd }) => (
        <li key={id}>
          <Badge>recalculated</Badge> <Time at={createdAt} />{' '}
          <strong>{amountUsd.startsWith('-') ? exactUsd(amountUsd) : `+${exactUsd(amountUsd)}`}</strong>
        </li>
      ))}
    </ul>
  );
}
