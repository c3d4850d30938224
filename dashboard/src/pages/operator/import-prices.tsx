/** Another price list for the whole instance: first what it would change, then, when that is wanted, the import. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { SelectField, TextAreaField, TextField } from '../../components/field.js';
import { Figure, Figures } from '../../components/figures.js';
import { Notice } from '../../components/notice.js';
import { Section } from '../../components/section.js';
import { Table, type Column } from '../../components/table.js';
import { useToast } from '../../components/toast.js';
import { formatCount } from '../../format.js';
import {
  ImportPriceListDocument,
  type ImportPriceListInput,
  type ImportPriceListMutation,
  type PriceFormat,
  type PriceImportMode,
} from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { messageOf } from '../../request-error.js';

type Outcome = ImportPriceListMutation['importPriceList'];
type Difference = Outcome['differences'][number];

const FORMATS: readonly { readonly value: PriceFormat; readonly label: string }[] = [
  { value: 'TOLLGATE', label: "Tollgate's own" },
  { value: 'LITELLM', label: "LiteLLM's list" },
  { value: 'BUILT_IN', label: 'The prices of this build' },
];
const MODES: readonly { readonly value: PriceImportMode; readonly label: string }[] = [
  { value: 'MERGE', label: 'Its models go before those of the list' },
  { value: 'FILL', label: 'Only models that have no price' },
  { value: 'REPLACE', label: 'It is the whole list' },
];

/** What would change, and by what. */
interface Tried {
  readonly outcome: Outcome;
  readonly input: ImportPriceListInput;
}

export function ImportPrices() {
  const say = useToast();
  const [format, setFormat] = useState<PriceFormat>('TOLLGATE');
  const [mode, setMode] = useState<PriceImportMode>('MERGE');
  const [document, setDocument] = useState('');
  const [source, setSource] = useState('');
  const [tried, setTried] = useState<Tried | null>(null);
  const change = useChange(ImportPriceListDocument, ({ importPriceList: outcome }, { input }) => {
    setTried(outcome.dryRun ? { outcome, input } : null);
    if (!outcome.dryRun) say(`Version ${formatCount(outcome.version ?? 0)} is in force`);
  });
  const isBuiltIn = format === 'BUILT_IN';
  const input: ImportPriceListInput = {
    format,
    mode,
    dryRun: true,
    document: isBuiltIn ? null : document,
    source: source.trim() === '' ? null : source.trim(),
  };
  // what was told of other prices than those that the form holds now is not shown, and so cannot be imported
  const shown = tried !== null && JSON.stringify(tried.input) === JSON.stringify(input) ? tried : null;
  return (
    <Section
      title="Import a price list"
      about="A new version for the whole instance, within a second. What was recorded keeps its cost."
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ input });
        }}
      >
        <div className="field-row">
          <SelectField label="Prices" value={format} options={FORMATS} onChange={setFormat} />
          <SelectField label="Mode" value={mode} options={MODES} onChange={setMode} />
        </div>
        {isBuiltIn ? null : (
          <TextAreaField
            label="Document"
            hint="JSON, up to 64 KiB; for larger ones there is npm run prices -- import FILE"
            value={document}
            onChange={setDocument}
            required
          />
        )}
        <TextField
          label="Source"
          hint="Where it is from, as the list will say; may be left out"
          value={source}
          onChange={setSource}
          error={change.error}
          path="input.source"
          autoComplete="off"
        />
        {/* with the path: a document is long */}
        <Notice kind="problem" message={messageOf(change.error, ['input.source'])} />
        <div className="form-actions">
          <Button type="submit" isBusy={change.isPending} disabled={!isBuiltIn && document.trim() === ''}>
            See what would change
          </Button>
        </div>
      </form>
      {shown === null ? null : (
        <Trial
          trial={shown.outcome}
          isBusy={change.isPending}
          onImport={() => change.mutate({ input: { ...shown.input, dryRun: false } })}
        />
      )}
    </Section>
  );
}

interface TrialProps {
  readonly trial: Outcome;
  readonly isBusy: boolean;
  readonly onImport: () => void;
}

function Trial({ trial, isBusy, onImport }: TrialProps) {
  const { models, added, removed, changed, differences, ignored, rounded } = trial;
  const isSame = added + removed + changed === 0;
  return (
    <div className="stack" aria-live="polite">
      <Figures label="What would change">
        <Figure name="Models then" value={formatCount(models)} />
        <Figure name="Added" value={formatCount(added)} />
        <Figure name="Removed" value={formatCount(removed)} />
        <Figure name="Changed" value={formatCount(changed)} />
        <Figure name="Not taken over" value={formatCount(ignored.length)} title={ignored.join('\n')} />
        <Figure name="Rounded" value={formatCount(rounded.length)} title={rounded.join('\n')} />
      </Figures>
      {isSame ? (
        <p className="muted">It is the list that is in force.</p>
      ) : (
        <>
          <Table
            label="Differences"
            columns={COLUMNS}
            rows={differences}
            keyOf={({ provider, model }) => `${provider}/${model}`}
          />
          <div className="form-actions">
            <Button kind="danger" isBusy={isBusy} onClick={onImport}>
              Import {formatCount(added + removed + changed)} {added + removed + changed === 1 ? 'change' : 'changes'}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}

const KINDS: Readonly<Record<Difference['kind'], string>> = { ADDED: 'added', REMOVED: 'removed', CHANGED: 'changed' };

const COLUMNS: readonly Column<Difference>[] = [
  { key: 'kind', label: 'Kind', cell: ({ kind }) => KINDS[kind] },
  { key: 'provider', label: 'Provider', cell: ({ provider }) => provider },
  { key: 'model', label: 'Model', cell: ({ model }) => <code className="breaks">{model}</code> },
  {
    key: 'rates',
    label: 'Rates',
    cell: ({ rates }) => (
      <ul>
        {rates.map(({ condition, unit, from, to }) => (
          <li key={`${condition ?? ''} ${unit}`} className="breaks">
            <span className="muted">
              {condition} {unit}
            </span>{' '}
            <span className="change-before">{from ?? '–'}</span> → <span className="change-after">{to ?? '–'}</span>
          </li>
        ))}
      </ul>
    ),
  },
];
