/** What is filtered by: a text, chips that can be taken away, and a form that adds one. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { Select, type SelectOption } from '../../components/field.js';
import { Icon } from '../../components/icon.js';
import { GatewayLogTokensDocument } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useUrlState } from '../../url-state.js';
import {
  FILTER_FIELDS,
  FILTER_NAMES,
  filterChips,
  filterProblem,
  type FilterChip,
  type FilterField,
} from './log-filters.js';

export function FilterBar() {
  const url = useUrlState();
  const tokens = useTokenNames();
  const chips = filterChips(url, tokens);
  const [isAdding, setIsAdding] = useState(false);
  const remove = ({ field, value }: FilterChip): void =>
    url.set({ [field.name]: url.all(field.name).filter((each) => each !== value), after: null });
  return (
    <div className="log-filters">
      <div className="log-filters-row">
        <SearchBox
          value={url.get('search') ?? ''}
          onSearch={(text) => url.set({ search: text || null, after: null })}
        />
        <Button icon="filter" aria-expanded={isAdding} onClick={() => setIsAdding(!isAdding)}>
          Filter
        </Button>
        {chips.map((chip) => (
          <button
            key={`${chip.field.name} ${chip.value}`}
            type="button"
            className="log-chip"
            onClick={() => remove(chip)}
          >
            <span className="visually-hidden">Remove filter </span>
            <bdi>{chip.text}</bdi>
            <Icon name="close" />
          </button>
        ))}
        {chips.length > 1 ? (
          <Button kind="quiet" onClick={() => url.set({ ...NO_FILTERS, after: null })}>
            Clear all
          </Button>
        ) : null}
      </div>
      {isAdding ? <AddFilter tokens={tokens} /> : null}
    </div>
  );
}

const NO_FILTERS = Object.fromEntries(FILTER_NAMES.map((name) => [name, null]));

/** Asked when Enter is pressed or the box was emptied, not as it is typed: a search reads many records. */
function SearchBox({ value, onSearch }: { readonly value: string; readonly onSearch: (text: string) => void }) {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  if (given !== value) {
    setGiven(value); // the back button changed it
    setText(value);
  }
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text.trim());
      }}
    >
      <input
        type="search"
        className="input log-search"
        aria-label="Search logs"
        placeholder="Model, path, metadata or error"
        value={text}
        maxLength={256}
        onChange={(event) => {
          setText(event.currentTarget.value);
          if (event.currentTarget.value === '') onSearch('');
        }}
      />
    </form>
  );
}

const FIELD_OPTIONS = FILTER_FIELDS.map(({ name, label }) => ({ value: name, label }));

function AddFilter({ tokens }: { readonly tokens: ReadonlyMap<string, string> }) {
  const url = useUrlState();
  const [name, setName] = useState('status');
  const [value, setValue] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const field = FILTER_FIELDS.find((each) => each.name === name);
  if (field === undefined) return null;
  const options = optionsOf(field, tokens);
  const wanted =
    options.length > 0 && !options.some((option) => option.value === value) ? (options[0]?.value ?? '') : value.trim();
  const add = (): void => {
    const wrong = filterProblem(field, wanted);
    setProblem(wrong);
    if (wrong !== null) return;
    const others = field.isMany ? url.all(field.name).filter((each) => each !== wanted) : [];
    url.set({ [field.name]: [...others, wanted], after: null });
    setValue('');
  };
  return (
    <form
      className="log-filters-row"
      aria-label="Add a filter"
      onSubmit={(event) => {
        event.preventDefault();
        add();
      }}
    >
      <Select
        aria-label="Field"
        value={name}
        options={FIELD_OPTIONS}
        onChange={(chosen) => {
          setName(chosen);
          setValue('');
          setProblem(null);
        }}
      />
      {options.length > 0 ? (
        <Select aria-label={field.label} value={wanted} options={options} onChange={setValue} />
      ) : (
        <input
          className="input log-filter-value"
          aria-label={field.label}
          aria-invalid={problem === null ? undefined : true}
          placeholder={field.placeholder}
          value={value}
          autoComplete="off"
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      )}
      <Button type="submit" icon="plus">
        Add
      </Button>
      {problem === null ? null : (
        <span className="log-filter-problem" role="alert">
          {problem}
        </span>
      )}
    </form>
  );
}

/** What can be chosen; [] where a value is typed. */
function optionsOf({ kind, choices }: FilterField, tokens: ReadonlyMap<string, string>): SelectOption<string>[] {
  const named = kind === 'token' ? [...tokens] : Object.entries(choices);
  return named.map(([value, label]) => ({ value, label }));
}

/** By their ids; none for who may not list them. */
function useTokenNames(): ReadonlyMap<string, string> {
  const account = useAccount();
  const tokens = useOperation(
    GatewayLogTokensDocument,
    { account: account.name },
    { isOn: account.can('ACCOUNT_EDIT') },
  );
  const edges = tokens.data?.account?.apiTokens.edges ?? [];
  return new Map(edges.map(({ node }) => [node.id, `${node.name} (${node.prefix}…)`]));
}
