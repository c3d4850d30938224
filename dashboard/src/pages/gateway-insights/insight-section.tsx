/** What every insight has: a heading, what it was read from, and a sentence where it has nothing to tell. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { Table, type TableProps } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { InsightRecordsDocument, type InsightRecordsQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { gatewayPath } from '../../paths.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { rangeVariables, type TimeRange } from '../../time-range.js';
import { useUrlState, withChanges, type UrlChanges } from '../../url-state.js';

/** The part of the range that was read. */
export interface Covered {
  readonly from: string;
  readonly to: string;
  readonly complete: boolean;
}

export interface InsightSectionProps {
  readonly title: string;
  readonly about: string;
  /** what it is asked by */
  readonly controls?: ReactNode;
  readonly children: ReactNode;
}

export function InsightSection({ title, about, controls, children }: InsightSectionProps) {
  return (
    <section className="insight">
      <header className="insight-head">
        <div>
          <h2>{title}</h2>
          <p className="muted">{about}</p>
        </div>
        {controls === undefined ? null : <div className="page-actions">{controls}</div>}
      </header>
      {children}
    </section>
  );
}

/** The table, or what is said when it would be empty. */
export function InsightTable<Row>({ nothing, ...table }: TableProps<Row> & { readonly nothing: string }) {
  return table.rows.length === 0 ? <p className="insight-nothing">{nothing}</p> : <Table {...table} />;
}

/** Nothing when all of the range was read. */
export function CoveredNote({ covered }: { readonly covered: Covered }) {
  if (covered.complete) return null;
  return (
    <p className="muted">
      From the newest requests alone, since <Time at={covered.from} />: there are too many to read all of them.
    </p>
  );
}

/** Variables that every insight takes. */
export function useInsightVariables(range: TimeRange) {
  const account = useAccount();
  const gateway = useGateway();
  return { account: account.name, gateway: gateway.name, ...rangeVariables(range) };
}

/** A minute, an hour, a day, a week. */
const TTLS = [60, 3_600, 86_400, 604_800];

/** What is read from the records: one question for all sections that tell of it. */
export function useRecordInsights(range: TimeRange): UseQueryResult<InsightRecordsQuery> {
  return useOperation(InsightRecordsDocument, { ...useInsightVariables(range), ttlSeconds: TTLS });
}

export type RecordInsights = NonNullable<NonNullable<InsightRecordsQuery['account']>['gateway']>['insights'];

/** To the logs of the same range, with filters or one of them open. */
export function LogsLink({ changes, children }: { readonly changes: UrlChanges; readonly children: ReactNode }) {
  const account = useAccount();
  const gateway = useGateway();
  const url = useUrlState();
  const kept = { range: url.get('range'), from: url.get('from'), to: url.get('to') };
  const search = withChanges(new URLSearchParams(), { ...kept, ...changes }).toString();
  const path = gatewayPath(account.name, gateway.name, 'logs');
  return <Link href={search === '' ? path : `${path}?${search}`}>{children}</Link>;
}

/** To one log; nothing when there is none any more. */
export function ExampleLink({ id }: { readonly id: string | null }) {
  return id === null ? <span className="muted">gone</span> : <LogsLink changes={{ log: id }}>Open</LogsLink>;
}

/** A model with its provider. */
export function ModelCell({ provider, model }: { readonly provider: string; readonly model: string | null }) {
  return (
    <span className="insight-model">
      <bdi>{model ?? '–'}</bdi> <bdi className="muted">{provider}</bdi>
    </span>
  );
}
