/**
 * Prices of the account's own, which take the place of the instance's list; that list; and what was recorded,
 * recalculated.
 */
import { useState, type ReactNode } from 'react';
import { Answer } from '../../components/answer.js';
import { Button, IconButton } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { EmptyState } from '../../components/empty-state.js';
import { PageHead } from '../../components/page-head.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { Segments } from '../../components/segments.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { useToast } from '../../components/toast.js';
import { PricesDocument, RemovePriceOverrideDocument, type PricesQuery } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useUrlState } from '../../url-state.js';
import { PriceForm } from './price-form.js';
import { PriceList } from './price-list.js';
import './prices.css';
import { Recalculate } from './recalculate.js';
import { unitText } from './units.js';

export type Override = NonNullable<PricesQuery['account']>['priceOverrides']['edges'][number]['node'];
type Doing =
  | { readonly kind: 'set'; readonly override: Override | null }
  | { readonly kind: 'remove'; readonly override: Override };

const PARTS = [
  { value: 'own', label: 'Your own' },
  { value: 'list', label: 'Price list' },
] as const;

export function PricesPage() {
  const account = useAccount();
  const url = useUrlState();
  const [doing, setDoing] = useState<Doing | null>(null);
  const isOwn = url.get('part') !== 'list';
  const set = account.can('ACCOUNT_EDIT') ? (
    <Button kind="primary" icon="plus" onClick={() => setDoing({ kind: 'set', override: null })}>
      Set price
    </Button>
  ) : null;
  return (
    <>
      <PageHead
        title="Prices"
        about="Calls are priced by the instance's list, unless the account has a price of its own here."
        actions={
          <>
            <Segments
              label="Part"
              segments={PARTS}
              value={isOwn ? 'own' : 'list'}
              onChange={(part) => url.set({ part: part === 'own' ? null : part, search: null, after: null })}
            />
            {isOwn ? set : null}
          </>
        }
      />
      {isOwn ? <OwnPrices set={set} doing={doing} onDo={setDoing} /> : <PriceList />}
    </>
  );
}

interface OwnPricesProps {
  readonly set: ReactNode;
  readonly doing: Doing | null;
  readonly onDo: (doing: Doing | null) => void;
}

function OwnPrices({ set, doing, onDo }: OwnPricesProps) {
  const account = useAccount();
  const after = usePageCursor();
  const prices = useOperation(PricesDocument, { account: account.name, after });
  const canEdit = account.can('ACCOUNT_EDIT');
  const close = (): void => onDo(null);
  return (
    <>
      <Answer of={prices} rows={5}>
        {({ account: found }) => {
          if (found === null) return null;
          const rows = found.priceOverrides.edges.map(({ node }) => node);
          return (
            <div className="sections">
              <div>
                <OverrideList rows={rows} canEdit={canEdit} set={set} onDo={onDo} />
                <Pagination ends={found.priceOverrides.pageInfo} />
              </div>
              {canEdit ? <Recalculate /> : null}
              {doing?.kind === 'set' ? (
                <PriceForm
                  override={doing.override}
                  customSlugs={found.customProviders.edges.map(({ node }) => node.slug)}
                  onClose={close}
                />
              ) : null}
            </div>
          );
        }}
      </Answer>
      {doing?.kind === 'remove' ? <RemovePrice override={doing.override} onClose={close} /> : null}
    </>
  );
}

interface OverrideListProps {
  readonly rows: readonly Override[];
  readonly canEdit: boolean;
  readonly set: ReactNode;
  readonly onDo: (doing: Doing) => void;
}

const nameOf = ({ provider, model }: Override): string => `${provider} ${model}`;

function OverrideList({ rows, canEdit, set, onDo }: OverrideListProps) {
  if (rows.length === 0) {
    return (
      <EmptyState title="No prices of your own" action={set}>
        <p>Set one for a discount that you have, or for a model that the list does not know.</p>
      </EmptyState>
    );
  }
  const actions: Column<Override> = {
    key: 'actions',
    label: <span className="visually-hidden">Actions</span>,
    cell: (override) => (
      <div className="row-actions">
        <Button kind="quiet" aria-label={`Edit ${nameOf(override)}`} onClick={() => onDo({ kind: 'set', override })}>
          Edit
        </Button>
        <IconButton
          icon="trash"
          label={`Remove ${nameOf(override)}`}
          onClick={() => onDo({ kind: 'remove', override })}
        />
      </div>
    ),
  };
  return (
    <Table
      label="Prices of the account"
      columns={canEdit ? [...COLUMNS, actions] : COLUMNS}
      rows={rows}
      keyOf={({ id }) => id}
    />
  );
}

const COLUMNS: readonly Column<Override>[] = [
  { key: 'provider', label: 'Provider', cell: ({ provider }) => provider },
  {
    key: 'model',
    label: 'Model',
    cell: ({ model, match }) => (
      <span className="breaks">
        <code>{model}</code>
        {match === 'PREFIX' ? ' and all that begin so' : ''}
      </span>
    ),
  },
  {
    key: 'rates',
    label: 'USD for a million',
    cell: ({ rates }) => (
      <ul>
        {rates.map(({ unit, usdPerMillion }) => (
          <li key={unit}>
            <span className="money">{usdPerMillion}</span> <span className="muted">{unitText(unit)}</span>
          </li>
        ))}
      </ul>
    ),
  },
  { key: 'tier', label: 'Service tier', isMinor: true, cell: ({ serviceTier }) => serviceTier ?? '–' },
  {
    key: 'from',
    label: 'From',
    isMinor: true,
    cell: ({ from }) => (from === null ? <span className="muted">always</span> : <Time at={from} />),
  },
];

function RemovePrice({ override, onClose }: { readonly override: Override; readonly onClose: () => void }) {
  const say = useToast();
  const remove = useChange(RemovePriceOverrideDocument, () => {
    say('The price was removed');
    onClose();
  });
  return (
    <Confirm
      title={`Remove the price of ${nameOf(override)}?`}
      action="Remove price"
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: override.id })}
      onClose={onClose}
    >
      <p>Calls from now on are priced by the list. What was recorded stays as it is until it is recalculated.</p>
    </Confirm>
  );
}
