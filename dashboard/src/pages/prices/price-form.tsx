/**
 * A price of the account's own. Provider, model, match, tier and start say which one it is: of a price that there is,
 * the rates alone are edited.
 */
import { useState } from 'react';
import { Button, IconButton } from '../../components/button.js';
import { Select, SelectField, TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Notice } from '../../components/notice.js';
import { useToast } from '../../components/toast.js';
import { SetPriceOverrideDocument, type OverrideMatch } from '../../gql/graphql.js';
import { localInput, momentOf } from '../../local-input.js';
import { useChange } from '../../operations.js';
import { PROVIDERS } from '../../providers.js';
import { problemOf } from '../../request-error.js';
import { useAccount } from '../../shell/account.js';
import type { Override } from './page.js';
import { PRICED_UNITS, unitText } from './units.js';

interface Rate {
  readonly unit: string;
  readonly usdPerMillion: string;
}

const NEW_RATES: readonly Rate[] = [
  { unit: 'inputTokens', usdPerMillion: '' },
  { unit: 'outputTokens', usdPerMillion: '' },
];
const PATHS = ['input.provider', 'input.model', 'input.serviceTier', 'input.from', 'input.rates'];
const MATCHES: readonly { readonly value: OverrideMatch; readonly label: string }[] = [
  { value: 'EXACT', label: 'This model' },
  { value: 'PREFIX', label: 'All models that begin so' },
];

interface PriceFormProps {
  /** null: a new one */
  readonly override: Override | null;
  readonly customSlugs: readonly string[];
  readonly onClose: () => void;
}

export function PriceForm({ override, customSlugs, onClose }: PriceFormProps) {
  const account = useAccount();
  const say = useToast();
  const [provider, setProvider] = useState<string>(override?.provider ?? PROVIDERS[0]);
  const [model, setModel] = useState(override?.model ?? '');
  const [match, setMatch] = useState(override?.match ?? 'EXACT');
  const [tier, setTier] = useState(override?.serviceTier ?? '');
  const startsAt = override?.from ?? null;
  const shownStart = startsAt === null ? '' : localInput(new Date(startsAt));
  const [from, setFrom] = useState(shownStart);
  const [rates, setRates] = useState<readonly Rate[]>(override?.rates ?? NEW_RATES);
  const set = useChange(SetPriceOverrideDocument, ({ setPriceOverride }) => {
    say(`The price of ${setPriceOverride.model} is set`);
    onClose();
  });
  const isFixed = override !== null;
  const named = rates.filter(({ usdPerMillion }) => usdPerMillion.trim() !== '');
  const known = [...PROVIDERS, ...customSlugs.map((slug) => `custom-${slug}`)];
  const send = (): void =>
    set.mutate({
      input: {
        accountId: account.id,
        provider,
        model,
        match,
        serviceTier: tier.trim() === '' ? null : tier.trim(),
        from: from === shownStart ? startsAt : momentOf(from), // with the seconds that the field does not show
        rates: named.map(({ unit, usdPerMillion }) => ({ unit, usdPerMillion: usdPerMillion.trim() })),
      },
    });
  return (
    <FormDialog
      title={override === null ? 'Set price' : 'Edit price'}
      action="Set price"
      paths={PATHS}
      error={set.error}
      isBusy={set.isPending}
      isReady={model.trim() !== '' && named.length > 0}
      onSubmit={send}
      onClose={onClose}
    >
      <div className="field-row">
        <SelectField
          label="Provider"
          value={provider}
          options={(known.includes(provider) ? known : [provider, ...known]).map((value) => ({ value, label: value }))}
          onChange={setProvider}
          disabled={isFixed}
          error={set.error}
          path="input.provider"
        />
        <SelectField label="Match" value={match} options={MATCHES} onChange={setMatch} disabled={isFixed} />
      </div>
      <TextField
        label="Model"
        value={model}
        onChange={setModel}
        error={set.error}
        path="input.model"
        placeholder="gpt-4o-mini"
        disabled={isFixed}
        autoComplete="off"
        required
      />
      <Rates rates={rates} onChange={setRates} />
      <Notice kind="problem" message={problemOf(set.error, 'input.rates')} />
      <Scope isFixed={isFixed} tier={tier} from={from} error={set.error} onTier={setTier} onFrom={setFrom} />
    </FormDialog>
  );
}

interface ScopeProps {
  readonly isFixed: boolean;
  readonly tier: string;
  readonly from: string;
  readonly error: unknown;
  readonly onTier: (tier: string) => void;
  readonly onFrom: (from: string) => void;
}

/** Which calls of the model it is for. */
function Scope({ isFixed, tier, from, error, onTier, onFrom }: ScopeProps) {
  return (
    <div className="field-row">
      <TextField
        label="Service tier"
        hint="Such as batch or flex; empty: list price"
        value={tier}
        onChange={onTier}
        error={error}
        path="input.serviceTier"
        disabled={isFixed}
        autoComplete="off"
      />
      <TextField
        type="datetime-local"
        label="From"
        hint="For requests since then, in your time zone; empty: all"
        value={from}
        onChange={onFrom}
        error={error}
        path="input.from"
        disabled={isFixed}
      />
    </div>
  );
}

interface RatesProps {
  readonly rates: readonly Rate[];
  readonly onChange: (rates: readonly Rate[]) => void;
}

function Rates({ rates, onChange }: RatesProps) {
  const free = PRICED_UNITS.filter((unit) => !rates.some((rate) => rate.unit === unit));
  return (
    <fieldset className="choices">
      <legend>USD for a million of</legend>
      {rates.map((rate, index) => (
        <div key={rate.unit} className="header-row">
          <Select
            aria-label={`Unit ${index + 1}`}
            value={rate.unit}
            options={[rate.unit, ...free].map((unit) => ({ value: unit, label: unitText(unit) }))}
            onChange={(unit) => onChange(rates.with(index, { ...rate, unit }))}
          />
          <input
            className="input"
            aria-label={`USD for a million ${unitText(rate.unit)}`}
            inputMode="decimal"
            value={rate.usdPerMillion}
            onChange={(event) => onChange(rates.with(index, { ...rate, usdPerMillion: event.currentTarget.value }))}
          />
          <IconButton
            icon="trash"
            label={`Remove ${unitText(rate.unit)}`}
            onClick={() => onChange(rates.toSpliced(index, 1))}
          />
        </div>
      ))}
      <div>
        <Button
          icon="plus"
          disabled={free.length === 0}
          onClick={() => onChange([...rates, { unit: free[0] ?? '', usdPerMillion: '' }])}
        >
          Add rate
        </Button>
      </div>
      <p className="field-note">
        At most 6 fraction digits. A unit that is not named has the rate of its wider one: cached input that of input.
      </p>
    </fieldset>
  );
}
