/** The sums of the range, beside those of the one before it when they are compared. */
import { Figure, Figures } from '../../components/figures.js';
import { Money } from '../../components/money.js';
import { formatCompact, formatCount, formatDuration, formatShare, shareOf } from '../../format.js';
import { changeText } from './overview-series.js';
import type { Overview } from './page.js';

type Sums = Overview['usage']['totals'];
type Key = 'requests' | 'errors' | 'rateLimited' | 'tokensIn' | 'tokensOut' | 'tokensCachedIn' | 'costUsd' | 'savedUsd';

export function Totals({ totals, before }: { readonly totals: Sums; readonly before: Sums | null }) {
  const change = (key: Key): string | undefined =>
    before === null ? undefined : noteOf(changeText(Number(totals[key]), Number(before[key])));
  const changeOf = (now: number | null, then: number | null | undefined): string | undefined =>
    before === null ? undefined : noteOf(changeText(now, then ?? null));
  const count = (name: string, key: Key) => (
    <Figure name={name} value={formatCompact(totals[key])} title={formatCount(totals[key])} note={change(key)} />
  );
  const cached = shareOf(totals.cached, totals.requests);
  return (
    <div className="overview-totals">
      <Figures label="Totals of the range">
        {count('Requests', 'requests')}
        <Figure
          name="Succeeded"
          value={formatShare(totals.successRate)}
          note={changeOf(totals.successRate, before?.successRate)}
        />
        {count('Errors', 'errors')}
        {count('Rate limited', 'rateLimited')}
        {count('Tokens in', 'tokensIn')}
        {count('Tokens out', 'tokensOut')}
        <Figure name="Cost" value={<Money usd={totals.costUsd} />} note={change('costUsd') ?? unpricedNote(totals)} />
        <Figure name="Saved by caching" value={<Money usd={totals.savedUsd} />} note={change('savedUsd')} />
        <Figure
          name="Cache hits"
          value={formatShare(cached)}
          title={formatCount(totals.cached)}
          note={changeOf(cached, before === null ? null : shareOf(before.cached, before.requests))}
        />
        <Figure
          name="Duration p95"
          value={formatDuration(totals.durationP95Ms)}
          note={changeOf(totals.durationP95Ms, before?.durationP95Ms)}
        />
      </Figures>
    </div>
  );
}

const noteOf = (change: string | null): string => (change === null ? 'nothing before' : `${change} to before`);

/** The sum is too low by them, which must not look like a complete one. */
const unpricedNote = ({ unpriced }: Sums): string | undefined =>
  unpriced === '0' ? undefined : `without ${formatCount(unpriced)} that have no price`;
