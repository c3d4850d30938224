/** The price list in force: what calls are priced by where the account has no price of its own. */
import { Answer } from '../../components/answer.js';
import { EmptyState } from '../../components/empty-state.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { formatCount } from '../../format.js';
import { PriceListDocument, type PriceListQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useUrlState } from '../../url-state.js';
import { unitText } from './units.js';

type List = NonNullable<PriceListQuery['priceList']>;
type Price = List['models']['edges'][number]['node'];
type Rule = Price['rules'][number];

export function PriceList() {
  const url = useUrlState();
  const after = usePageCursor();
  const search = url.get('search') ?? '';
  const asked = useOperation(PriceListDocument, { search: search === '' ? null : search, after });
  return (
    <>
      <input
        type="search"
        className="input search"
        aria-label="Search the price list"
        placeholder="Search by provider or model"
        value={search}
        maxLength={64}
        onChange={(event) => {
          const text = event.currentTarget.value;
          url.set({ search: text === '' ? null : text, after: null }, true);
        }}
      />
      <Answer of={asked} rows={10}>
        {({ priceList }) =>
          priceList === null ? (
            <EmptyState title="There is no price list yet">
              <p>The api brings one when it starts.</p>
            </EmptyState>
          ) : (
            <Shown list={priceList} />
          )
        }
      </Answer>
    </>
  );
}

function Shown({ list }: { readonly list: List }) {
  const { version, source, origin, importedAt, models } = list;
  return (
    <div className="stack">
      <p className="muted">
        Version {formatCount(version)}, {origin === 'BUILT_IN' ? 'of this build' : 'imported by the operator'}: {source}
        . In force since <Time at={importedAt} />.
      </p>
      {models.edges.length === 0 ? (
        <EmptyState title="No model is called so">
          <p>Calls of a model that no price is for have no cost. Set a price of your own for it.</p>
        </EmptyState>
      ) : (
        <Table
          label="Price list"
          columns={COLUMNS}
          rows={models.edges.map(({ node }) => node)}
          keyOf={({ provider, model }) => `${provider}/${model}`}
        />
      )}
      <Pagination ends={models.pageInfo} back="Back" />
    </div>
  );
}

const COLUMNS: readonly Column<Price>[] = [
  { key: 'provider', label: 'Provider', cell: ({ provider }) => <span className="whole-when-wide">{provider}</span> },
  {
    key: 'model',
    label: 'Model',
    cell: ({ model, match }) => (
      <span className="breaks">
        <code>{model}</code>
        {match === `is ${model}` ? null : <span className="field-note price-match">{match}</span>}
      </span>
    ),
  },
  {
    key: 'rates',
    label: 'USD for a million',
    cell: ({ rules }) => (
      <ul className="price-rules">
        {rules.map((rule, index) => (
          <li key={rule.condition ?? index}>
            <Rates rule={rule} />
          </li>
        ))}
      </ul>
    ),
  },
];

/** One state of a model's prices: since when, or for which calls. */
function Rates({ rule: { condition, rates } }: { readonly rule: Rule }) {
  return (
    <>
      {condition === null ? null : <strong>{condition}</strong>}
      <ul>
        {rates.map(({ unit, usdPerMillion, steps }) => (
          <li key={unit}>
            <span className="money">{usdPerMillion}</span> <span className="muted">{unitText(unit)}</span>
            {steps.map(({ aboveInputTokens, usdPerMillion: price }) => (
              <span key={aboveInputTokens} className="muted">
                , <span className="money">{price}</span> above {formatCount(aboveInputTokens)} input tokens
              </span>
            ))}
          </li>
        ))}
      </ul>
    </>
  );
}
