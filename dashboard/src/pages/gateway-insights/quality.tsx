/** How well it goes: the most frequent errors, the slowest models, and what people think of prompts' answers. */
import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Badge, StatusBadge } from '../../components/badge.js';
import { Select } from '../../components/field.js';
import { Money } from '../../components/money.js';
import type { Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { errorText } from '../../error-codes.js';
import { formatCount, formatDuration } from '../../format.js';
import { InsightNamedPromptsDocument, InsightSlowestDocument, type InsightSlowestQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import type { TimeRange } from '../../time-range.js';
import { useUrlState } from '../../url-state.js';
import {
  CoveredNote,
  ExampleLink,
  InsightSection,
  InsightTable,
  LogsLink,
  ModelCell,
  useInsightVariables,
  useRecordInsights,
  type RecordInsights,
} from './insight-section.js';

type FrequentError = RecordInsights['frequentErrors']['errors'][number];
type SlowInsights = NonNullable<NonNullable<InsightSlowestQuery['account']>['gateway']>['insights'];
type SlowModel = SlowInsights['usage']['slowestModels'][number];
/** What both questions answer. */
interface PromptAnswer {
  readonly account: {
    readonly gateway: { readonly insights: Pick<RecordInsights, 'promptFeedback'> } | null;
  } | null;
}
type Prompt = RecordInsights['promptFeedback']['prompts'][number];

const ERRORS: readonly Column<FrequentError>[] = [
  {
    key: 'status',
    label: 'Error',
    cell: ({ statusCode, errorCode, interrupted, provider }) => (
      <LogsLink
        changes={{ status: String(statusCode), errorCode: errorCode === null ? null : String(errorCode), provider }}
      >
        <StatusBadge status={statusCode} /> {errorCode === null ? '' : errorText(errorCode)}{' '}
        {interrupted ? <Badge kind="warning">broke off</Badge> : null}
      </LogsLink>
    ),
  },
  { key: 'model', label: 'Model', cell: (error) => <ModelCell provider={error.provider} model={error.model} /> },
  { key: 'requests', label: 'Requests', isNumber: true, cell: ({ requests }) => formatCount(requests) },
  { key: 'last', label: 'Last', isMinor: true, cell: ({ lastSeenAt }) => <Time at={lastSeenAt} isAge /> },
  { key: 'example', label: 'Example', cell: ({ exampleLogId }) => <ExampleLink id={exampleLogId} /> },
];

const errorKey = ({ statusCode, errorCode, interrupted, provider, model }: FrequentError): string =>
  JSON.stringify([statusCode, errorCode, interrupted, provider, model]);

export function FrequentErrors({ range }: { readonly range: TimeRange }) {
  const asked = useRecordInsights(range);
  return (
    <InsightSection title="Most frequent errors" about="What went wrong, alike ones together">
      <Answer of={asked}>
        {({ account }) => {
          const found = account?.gateway?.insights.frequentErrors;
          if (found === undefined) return null;
          return (
            <>
              <CoveredNote covered={found.covered} />
              <InsightTable
                label="Most frequent errors"
                columns={ERRORS}
                rows={found.errors}
                keyOf={errorKey}
                nothing="No request of this range failed."
              />
            </>
          );
        }}
      </Answer>
    </InsightSection>
  );
}

const SLOWEST: readonly Column<SlowModel>[] = [
  {
    key: 'model',
    label: 'Model',
    cell: ({ key: [model = null] }) =>
      model === null ? (
        'none'
      ) : (
        <LogsLink changes={{ model }}>
          <bdi className="insight-name">{model}</bdi>
        </LogsLink>
      ),
  },
  { key: 'requests', label: 'Requests', isNumber: true, cell: ({ totals }) => formatCount(totals.requests) },
  {
    key: 'p50',
    label: 'p50',
    isNumber: true,
    isMinor: true,
    cell: ({ totals }) => formatDuration(totals.durationP50Ms),
  },
  { key: 'p95', label: 'p95', isNumber: true, cell: ({ totals }) => formatDuration(totals.durationP95Ms) },
  {
    key: 'p99',
    label: 'p99',
    isNumber: true,
    isMinor: true,
    cell: ({ totals }) => formatDuration(totals.durationP99Ms),
  },
  {
    key: 'first',
    label: 'First token p95',
    isNumber: true,
    isMinor: true,
    cell: ({ totals }) => formatDuration(totals.timeToFirstTokenP95Ms),
  },
];

export function SlowestModels({ range }: { readonly range: TimeRange }) {
  const asked = useOperation(InsightSlowestDocument, useInsightVariables(range));
  return (
    <InsightSection title="Slowest models" about="By the 95th percentile of their duration">
      <Answer of={asked}>
        {({ account }) => (
          <InsightTable
            label="Slowest models"
            columns={SLOWEST}
            rows={account?.gateway?.insights.usage.slowestModels ?? []}
            keyOf={({ key }) => JSON.stringify(key)}
            nothing="No requests in this range: send one through the gateway, or choose a longer range."
          />
        )}
      </Answer>
    </InsightSection>
  );
}

const PROMPTS: readonly Column<Prompt>[] = [
  { key: 'prompt', label: 'Prompt', cell: ({ prompt }) => <bdi className="insight-name">{prompt}</bdi> },
  { key: 'requests', label: 'Requests', isNumber: true, cell: ({ requests }) => formatCount(requests) },
  { key: 'positive', label: 'Thumbs up', isNumber: true, cell: ({ positive }) => formatCount(positive) },
  { key: 'negative', label: 'Thumbs down', isNumber: true, cell: ({ negative }) => formatCount(negative) },
  {
    key: 'score',
    label: 'Mean score',
    isNumber: true,
    isMinor: true,
    cell: ({ meanScore }) => (meanScore === null ? '–' : String(Math.round(meanScore * 1_000) / 1_000)),
  },
  { key: 'cost', label: 'Cost', isNumber: true, isMinor: true, cell: ({ costUsd }) => <Money usd={costUsd} /> },
  { key: 'example', label: 'Example', cell: ({ exampleLogId }) => <ExampleLink id={exampleLogId} /> },
];

const SOURCES = [
  { value: 'SYSTEM_MESSAGE', label: 'by system message' },
  { value: 'METADATA', label: 'by metadata' },
] as const;
type Source = (typeof SOURCES)[number]['value'];
const KEY_DEFAULT = 'prompt';

export function PromptFeedback({ range }: { readonly range: TimeRange }) {
  const url = useUrlState();
  const by = SOURCES.find(({ value }) => value === url.get('prompts'))?.value ?? 'SYSTEM_MESSAGE';
  const metadataKey = url.get('promptKey') ?? KEY_DEFAULT;
  const records = useRecordInsights(range);
  const isOn = by === 'METADATA';
  const named = useOperation(InsightNamedPromptsDocument, { ...useInsightVariables(range), metadataKey }, { isOn });
  const asked: Pick<UseQueryResult<PromptAnswer>, 'data' | 'error' | 'refetch'> = isOn ? named : records;
  const controls = (
    <>
      <Select<Source> aria-label="Prompts" value={by} options={SOURCES} onChange={(prompts) => url.set({ prompts })} />
      {by === 'METADATA' ? <PromptKey value={metadataKey} /> : null}
    </>
  );
  return (
    <InsightSection
      title="Prompts by feedback"
      about="Of requests with one system message (named by its hash), or one value of metadata"
      controls={controls}
    >
      <Answer of={asked}>
        {({ account }) => {
          const found = account?.gateway?.insights.promptFeedback;
          if (found === undefined) return null;
          return (
            <>
              <CoveredNote covered={found.covered} />
              <InsightTable
                label="Prompts by feedback"
                columns={PROMPTS}
                rows={found.prompts}
                keyOf={({ prompt }) => prompt}
                nothing="No request of this range has such a prompt. Rate logs by their thumbs, or by rateLog."
              />
            </>
          );
        }}
      </Answer>
    </InsightSection>
  );
}

/** Asked when Enter is pressed: every letter would be a question of its own. */
function PromptKey({ value }: { readonly value: string }) {
  const url = useUrlState();
  const [key, setKey] = useState(value);
  const [given, setGiven] = useState(value);
  if (given !== value) {
    setGiven(value); // the back button changed it
    setKey(value);
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        url.set({ promptKey: key.trim() === '' ? null : key.trim() });
      }}
    >
      <input
        className="input"
        aria-label="Metadata key of prompts"
        value={key}
        maxLength={256}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
    </form>
  );
}
