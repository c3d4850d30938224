/** Single requests that stand out: the dearest, and those that were made again and again. */
import { Answer } from '../../components/answer.js';
import { Money } from '../../components/money.js';
import type { Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { formatCompact, formatCount, formatDuration } from '../../format.js';
import type { TimeRange } from '../../time-range.js';
import {
  CoveredNote,
  ExampleLink,
  InsightSection,
  InsightTable,
  LogsLink,
  ModelCell,
  useRecordInsights,
  type RecordInsights,
} from './insight-section.js';

type Expensive = RecordInsights['expensiveRequests']['logs'][number];
type Repeated = RecordInsights['repeatedRequests'];

const EXPENSIVE: readonly Column<Expensive>[] = [
  {
    key: 'time',
    label: 'Time',
    cell: ({ id, createdAt }) => (
      <LogsLink changes={{ log: id }}>
        <Time at={createdAt} />
      </LogsLink>
    ),
  },
  { key: 'model', label: 'Model', cell: (log) => <ModelCell provider={log.provider} model={log.model} /> },
  { key: 'in', label: 'Tokens in', isNumber: true, isMinor: true, cell: ({ tokensIn }) => countOf(tokensIn) },
  { key: 'out', label: 'Tokens out', isNumber: true, isMinor: true, cell: ({ tokensOut }) => countOf(tokensOut) },
  { key: 'cost', label: 'Cost', isNumber: true, cell: ({ costUsd }) => <Money usd={costUsd} /> },
];

const countOf = (count: string | null): string => (count === null ? '–' : formatCount(count));

export function ExpensiveRequests({ range }: { readonly range: TimeRange }) {
  const asked = useRecordInsights(range);
  return (
    <InsightSection title="Most expensive requests" about="At their current cost">
      <Answer of={asked}>
        {({ account }) => {
          const found = account?.gateway?.insights.expensiveRequests;
          if (found === undefined) return null;
          return (
            <>
              <CoveredNote covered={found.covered} />
              <InsightTable
                label="Most expensive requests"
                columns={EXPENSIVE}
                rows={found.logs}
                keyOf={({ id }) => id}
                nothing="No request of this range cost anything."
              />
            </>
          );
        }}
      </Answer>
    </InsightSection>
  );
}

const TTL_WORDS: ReadonlyMap<number, string> = new Map([
  [60, '1 minute'],
  [3_600, '1 hour'],
  [86_400, '1 day'],
  [604_800, '7 days'],
]);

const SIMULATED: readonly Column<Repeated['simulations'][number]>[] = [
  {
    key: 'ttl',
    label: 'Answers kept for',
    cell: ({ ttlSeconds }) => TTL_WORDS.get(ttlSeconds) ?? formatDuration(ttlSeconds * 1_000),
  },
  { key: 'hits', label: 'Hits', isNumber: true, cell: ({ hits }) => formatCount(hits) },
  {
    key: 'tokens',
    label: 'Tokens not used',
    isNumber: true,
    isMinor: true,
    cell: ({ savedTokensIn, savedTokensOut }) =>
      `${formatCompact(savedTokensIn)} in, ${formatCompact(savedTokensOut)} out`,
  },
  { key: 'saved', label: 'Would have saved', isNumber: true, cell: ({ savedUsd }) => <Money usd={savedUsd} /> },
];

const REPEATED: readonly Column<Repeated['groups'][number]>[] = [
  { key: 'model', label: 'Model', cell: (group) => <ModelCell provider={group.provider} model={group.model} /> },
  { key: 'path', label: 'Path', isMinor: true, cell: ({ path }) => <bdi className="insight-name">{path}</bdi> },
  { key: 'requests', label: 'Requests', isNumber: true, cell: ({ requests }) => formatCount(requests) },
  { key: 'cached', label: 'Hits', isNumber: true, isMinor: true, cell: ({ cached }) => formatCount(cached) },
  { key: 'last', label: 'Last', isMinor: true, cell: ({ lastSeenAt }) => <Time at={lastSeenAt} isAge /> },
  { key: 'cost', label: 'Cost', isNumber: true, cell: ({ costUsd }) => <Money usd={costUsd} /> },
  { key: 'example', label: 'Example', cell: ({ exampleLogId }) => <ExampleLink id={exampleLogId} /> },
];

export function RepeatedRequests({ range }: { readonly range: TimeRange }) {
  const asked = useRecordInsights(range);
  return (
    <InsightSection title="Repeated requests" about="Identical ones, and what caching their answers would have saved">
      <Answer of={asked} rows={8}>
        {({ account }) => {
          const found = account?.gateway?.insights.repeatedRequests;
          return found === undefined ? null : <RepeatedTables found={found} />;
        }}
      </Answer>
    </InsightSection>
  );
}

function RepeatedTables({ found }: { readonly found: Repeated }) {
  const unpriced = found.simulations.some(({ unpricedHits }) => unpricedHits !== '0');
  if (found.groups.length === 0) return <p className="insight-nothing">No request of this range was made twice.</p>;
  return (
    <div className="stack">
      <CoveredNote covered={found.covered} />
      <InsightTable
        label="What caching would have saved"
        columns={SIMULATED}
        rows={found.simulations}
        keyOf={({ ttlSeconds }) => String(ttlSeconds)}
        nothing="Nothing was simulated."
      />
      <p className="muted">
        The cache as it is set saved <Money usd={found.savedUsd} /> in this range.
        {unpriced ? ' Some of the answers have no price: they are in no sum.' : null}
      </p>
      <InsightTable
        label="Repeated requests"
        columns={REPEATED}
        rows={found.groups}
        keyOf={({ key }) => key}
        nothing="No request of this range was made twice."
      />
    </div>
  );
}
