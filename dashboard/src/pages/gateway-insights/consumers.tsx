/** Who uses the gateway most: by API token, by an entry of metadata, or by client address. */
import type { ReactNode } from 'react';
import { Answer } from '../../components/answer.js';
import { Select } from '../../components/field.js';
import { Money } from '../../components/money.js';
import { Skeleton } from '../../components/skeleton.js';
import type { Column } from '../../components/table.js';
import { formatCompact, formatCount, formatShare, shareOf } from '../../format.js';
import {
  InsightAddressesDocument,
  InsightConsumersDocument,
  InsightMetadataKeysDocument,
  InsightTokensDocument,
  type InsightOrder,
} from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import type { TimeRange } from '../../time-range.js';
import { useUrlState } from '../../url-state.js';
import { CoveredNote, InsightSection, InsightTable, useInsightVariables } from './insight-section.js';

const KINDS = [
  { value: 'token', label: 'API token' },
  { value: 'metadata', label: 'Metadata' },
  { value: 'address', label: 'Client address' },
] as const;
type Kind = (typeof KINDS)[number]['value'];

const ORDERS = [
  { value: 'COST', label: 'by cost' },
  { value: 'REQUESTS', label: 'by requests' },
  { value: 'TOKENS', label: 'by tokens' },
] as const;

interface Consumer {
  readonly key: string;
  readonly name: string;
  readonly requests: string;
  readonly errors: string;
  readonly tokensIn: string;
  readonly tokensOut: string;
  readonly costUsd: string;
}

export function Consumers({ range }: { readonly range: TimeRange }) {
  const url = useUrlState();
  const kind = KINDS.find(({ value }) => value === url.get('by'))?.value ?? 'token';
  const orderBy = ORDERS.find(({ value }) => value === url.get('order'))?.value ?? 'COST';
  const keys = useMetadataKeys(range, kind === 'metadata');
  const metadataKey = kind === 'metadata' ? chosenKey(url.get('key'), keys ?? []) : null;
  const controls = (
    <>
      <Select<Kind> aria-label="Consumers" value={kind} options={KINDS} onChange={(by) => url.set({ by })} />
      {metadataKey === null ? null : (
        <Select
          aria-label="Metadata key"
          value={metadataKey}
          options={(keys ?? []).map((key) => ({ value: key, label: key }))}
          onChange={(key) => url.set({ key })}
        />
      )}
      <Select<InsightOrder>
        aria-label="Order"
        value={orderBy}
        options={ORDERS}
        onChange={(order) => url.set({ order })}
      />
    </>
  );
  return (
    <InsightSection title="Top consumers" about="Who uses most of it" controls={controls}>
      {kind === 'address' ? (
        <Addresses range={range} orderBy={orderBy} />
      ) : kind === 'metadata' && keys === undefined ? (
        <Skeleton rows={4} />
      ) : kind === 'metadata' && metadataKey === null ? (
        <p className="insight-nothing">
          No metadata tells the requests of this range apart. Send it in the header <code>cf-aig-metadata</code>, as{' '}
          <code>{'{"user":"ann"}'}</code>.
        </p>
      ) : (
        <Groups range={range} orderBy={orderBy} metadataKey={metadataKey} />
      )}
    </InsightSection>
  );
}

const chosenKey = (wanted: string | null, keys: readonly string[]): string | null =>
  wanted !== null && keys.includes(wanted) ? wanted : (keys[0] ?? null);

/** undefined: they are not here yet. */
function useMetadataKeys(range: TimeRange, isOn: boolean): readonly string[] | undefined {
  const asked = useOperation(InsightMetadataKeysDocument, useInsightVariables(range), { isOn });
  return asked.data?.account?.gateway?.insights.usage.metadataKeys;
}

interface GroupsProps {
  readonly range: TimeRange;
  readonly orderBy: InsightOrder;
  /** null: by API token */
  readonly metadataKey: string | null;
}

function Groups({ range, orderBy, metadataKey }: GroupsProps) {
  const names = useTokenNames(metadataKey === null);
  const by = metadataKey === null ? 'API_TOKEN' : 'METADATA';
  const asked = useOperation(InsightConsumersDocument, { ...useInsightVariables(range), by, metadataKey, orderBy });
  return (
    <Answer of={asked}>
      {({ account }) => (
        <ConsumerTable
          consumers={(account?.gateway?.insights.usage.topGroups ?? []).map(({ key: [key = null], totals }) => ({
            ...totals,
            key: key ?? '',
            name: key === null ? (metadataKey === null ? 'no token' : 'none') : (names.get(key) ?? key),
          }))}
        />
      )}
    </Answer>
  );
}

/** By their ids; none for who may not list them: he sees the ids. */
function useTokenNames(isOn: boolean): ReadonlyMap<string, string> {
  const account = useAccount();
  const asked = useOperation(
    InsightTokensDocument,
    { account: account.name },
    { isOn: isOn && account.can('ACCOUNT_EDIT') },
  );
  return new Map((asked.data?.account?.apiTokens.edges ?? []).map(({ node }) => [node.id, node.name]));
}

function Addresses({ range, orderBy }: { readonly range: TimeRange; readonly orderBy: InsightOrder }) {
  const asked = useOperation(InsightAddressesDocument, { ...useInsightVariables(range), orderBy });
  return (
    <Answer of={asked}>
      {({ account }) => {
        const found = account?.gateway?.insights.clientAddresses;
        if (found === undefined) return null;
        return (
          <>
            <p className="muted">Addresses are looked at for the last 24 hours of the range at most.</p>
            <CoveredNote covered={found.covered} />
            <ConsumerTable
              consumers={found.clients.map((client) => ({ ...client, key: client.network, name: client.network }))}
            />
          </>
        );
      }}
    </Answer>
  );
}

const numbers = (key: keyof Consumer, label: string, cell: (consumer: Consumer) => ReactNode): Column<Consumer> => ({
  key,
  label,
  cell,
  isNumber: true,
});

const COLUMNS: readonly Column<Consumer>[] = [
  { key: 'name', label: 'Consumer', cell: ({ name }) => <bdi className="insight-name">{name}</bdi> },
  numbers('requests', 'Requests', ({ requests }) => formatCount(requests)),
  { ...numbers('errors', 'Errors', (each) => formatShare(shareOf(each.errors, each.requests))), isMinor: true },
  {
    ...numbers('tokensIn', 'Tokens in', (each) => <span title={each.tokensIn}>{formatCompact(each.tokensIn)}</span>),
    isMinor: true,
  },
  {
    ...numbers('tokensOut', 'Tokens out', (each) => (
      <span title={each.tokensOut}>{formatCompact(each.tokensOut)}</span>
    )),
    isMinor: true,
  },
  numbers('costUsd', 'Cost', ({ costUsd }) => <Money usd={costUsd} />),
];

function ConsumerTable({ consumers }: { readonly consumers: readonly Consumer[] }) {
  return (
    <InsightTable
      label="Top consumers"
      columns={COLUMNS}
      rows={consumers}
      keyOf={({ key }) => key}
      nothing="No requests in this range: send one through the gateway, or choose a longer range."
    />
  );
}
