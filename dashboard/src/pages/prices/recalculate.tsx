/** Costs of recorded calls at the prices of now: first as a trial, then, when what it told still holds, written. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Figure, Figures } from '../../components/figures.js';
import { Money } from '../../components/money.js';
import { Notice } from '../../components/notice.js';
import { Section } from '../../components/section.js';
import { Table, type Column } from '../../components/table.js';
import { useToast } from '../../components/toast.js';
import { formatCount } from '../../format.js';
import { RecalculateCostsDocument, type RecalculateCostsMutation } from '../../gql/graphql.js';
import { localInput, momentOf } from '../../local-input.js';
import { useChange } from '../../operations.js';
import { messageOf } from '../../request-error.js';
import { useAccount } from '../../shell/account.js';

type Outcome = RecalculateCostsMutation['recalculateCosts'];
const DAY_MS = 86_400_000;
const adjustmentsText = (count: string): string =>
  count === '1' ? '1 adjustment' : `${formatCount(count)} adjustments`;

export function Recalculate() {
  const account = useAccount();
  const say = useToast();
  const [from, setFrom] = useState(() => localInput(new Date(Date.now() - DAY_MS)));
  const [to, setTo] = useState(() => localInput(new Date()));
  const [trial, setTrial] = useState<Outcome | null>(null);
  const recalculate = useChange(RecalculateCostsDocument, ({ recalculateCosts: outcome }) => {
    setTrial(outcome.dryRun ? outcome : null);
    if (!outcome.dryRun) say(`Written: ${adjustmentsText(outcome.changed)}`);
  });
  const [start, end] = [momentOf(from), momentOf(to)];
  const send = (isTrial: boolean): void => {
    if (start === null || end === null) return;
    const expected = isTrial || trial === null ? {} : { expectedDifferenceUsd: trial.differenceUsd };
    recalculate.mutate({ input: { accountId: account.id, from: start, to: end, dryRun: isTrial, ...expected } });
  };
  const change = (set: (text: string) => void) => (text: string) => {
    set(text);
    setTrial(null); // it was about another range
  };
  return (
    <Section
      title="Recalculate costs"
      about="Recorded calls at the prices of now. Each difference becomes an entry of its own: what was recorded is never overwritten."
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          send(true);
        }}
      >
        <div className="field-row">
          <TextField
            type="datetime-local"
            label="Requests from"
            value={from}
            onChange={change(setFrom)}
            error={recalculate.error}
            path="input.from"
          />
          <TextField
            type="datetime-local"
            label="Until"
            value={to}
            onChange={change(setTo)}
            error={recalculate.error}
            path="input.to"
          />
        </div>
        <Notice kind="problem" message={messageOf(recalculate.error, ['input.from', 'input.to'])} />
        <div className="form-actions">
          <Button type="submit" disabled={start === null || end === null} isBusy={recalculate.isPending}>
            See what would change
          </Button>
        </div>
      </form>
      {trial === null ? null : <Trial trial={trial} isBusy={recalculate.isPending} onApply={() => send(false)} />}
    </Section>
  );
}

interface TrialProps {
  readonly trial: Outcome;
  readonly isBusy: boolean;
  readonly onApply: () => void;
}

function Trial({ trial, isBusy, onApply }: TrialProps) {
  return (
    <div className="stack">
      <Figures label="What would change">
        <Figure name="Records" value={formatCount(trial.records)} />
        <Figure name="Would change" value={formatCount(trial.changed)} />
        <Figure name="Without a price" value={formatCount(trial.withoutPrice)} />
        <Figure name="Cost now" value={<Money usd={trial.costBeforeUsd} />} />
        <Figure name="Cost then" value={<Money usd={trial.costAfterUsd} />} />
        <Figure name="Difference" value={<Money usd={trial.differenceUsd} />} />
      </Figures>
      {trial.models.length === 0 ? null : (
        <Table
          label="Models that would change"
          columns={COLUMNS}
          rows={trial.models}
          keyOf={({ provider, model }) => JSON.stringify([provider, model])}
        />
      )}
      {trial.changed === '0' ? (
        <p className="muted">Nothing would change: these records have the prices of now.</p>
      ) : (
        <div className="form-actions">
          <Button kind="danger" onClick={onApply} isBusy={isBusy}>
            Write {adjustmentsText(trial.changed)}
          </Button>
        </div>
      )}
    </div>
  );
}

const COLUMNS: readonly Column<Outcome['models'][number]>[] = [
  { key: 'provider', label: 'Provider', cell: ({ provider }) => provider },
  { key: 'model', label: 'Model', cell: ({ model }) => <span className="breaks">{model ?? '–'}</span> },
  { key: 'records', label: 'Records', isNumber: true, cell: ({ records }) => formatCount(records) },
  { key: 'before', label: 'Now', isNumber: true, isMinor: true, cell: (row) => <Money usd={row.costBeforeUsd} /> },
  { key: 'after', label: 'Then', isNumber: true, isMinor: true, cell: (row) => <Money usd={row.costAfterUsd} /> },
  { key: 'difference', label: 'Difference', isNumber: true, cell: (row) => <Money usd={row.differenceUsd} /> },
];
