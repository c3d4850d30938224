/** Whether every record that was shipped on a day stands in the ledger once. The day lives in the address. */
import { Answer } from '../../components/answer.js';
import { Badge } from '../../components/badge.js';
import { EmptyState } from '../../components/empty-state.js';
import { TextField } from '../../components/field.js';
import { Figure, Figures } from '../../components/figures.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { formatCount } from '../../format.js';
import { LedgerProofDocument, type LedgerProofQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useUrlState } from '../../url-state.js';

type Proof = NonNullable<LedgerProofQuery['ledgerProof']>;
type Spool = Proof['spools'][number];
type OpenSpool = Proof['openSpools'][number];

/** In UTC, as the ledger counts days. */
const today = (): string => new Date().toISOString().slice(0, 10);

export function LedgerProof() {
  const url = useUrlState();
  const day = url.get('day') ?? today();
  const asked = useOperation(LedgerProofDocument, { day });
  return (
    <>
      <div className="filters">
        <TextField
          type="date"
          label="Day, in UTC"
          value={day}
          max={today()}
          onChange={(chosen) => url.set({ day: chosen === '' ? null : chosen })}
        />
      </div>
      <Answer of={asked} rows={6}>
        {({ ledgerProof }) =>
          ledgerProof === null ? (
            <EmptyState title="Nothing is known of this day">
              <p>It is to come, or what was shipped on it is not kept any more.</p>
            </EmptyState>
          ) : (
            <Shown proof={ledgerProof} />
          )
        }
      </Answer>
    </>
  );
}

function Shown({ proof }: { readonly proof: Proof }) {
  const { isWhole, expected, recorded, quarantined, lost, duplicated, spoolCount, spools, openSpools } = proof;
  return (
    <div className="sections">
      <p>
        {isWhole ? <Badge kind="good">whole</Badge> : <Badge kind="bad">not whole</Badge>}{' '}
        {isWhole
          ? 'Every record that was shipped on this day stands in the ledger once.'
          : 'Records of this day are missing, or are there twice.'}
      </p>
      <Figures label="Records of the day">
        <Figure name="Shipped" value={formatCount(expected)} note={spoolsText(spoolCount)} />
        <Figure name="Recorded" value={formatCount(recorded)} />
        <Figure name="Quarantined" value={formatCount(quarantined)} note="Postgres would not take them" />
        <Figure name="Lost" value={formatCount(lost)} />
        <Figure name="Twice" value={formatCount(duplicated)} />
      </Figures>
      {spools.length === 0 ? (
        <p className="muted">Nothing was shipped on this day.</p>
      ) : (
        <Table label="Spools" columns={SPOOL_COLUMNS} rows={spools} keyOf={({ spoolId }) => spoolId} />
      )}
      {openSpools.length === 0 ? null : (
        <section className="stack" aria-labelledby="open-spools">
          <h2 id="open-spools">Not shipped yet, now</h2>
          <Table label="Open spools" columns={OPEN_COLUMNS} rows={openSpools} keyOf={({ spoolId }) => spoolId} />
        </section>
      )}
    </div>
  );
}

const spoolsText = (count: number): string => `by ${formatCount(count)} ${count === 1 ? 'spool' : 'spools'}`;

const count = (
  key: 'expected' | 'recorded' | 'quarantined' | 'lost' | 'duplicated',
  label: string,
  isMinor = false,
): Column<Spool> => ({ key, label, isNumber: true, isMinor, cell: (spool) => formatCount(spool[key]) });

const SPOOL_COLUMNS: readonly Column<Spool>[] = [
  { key: 'host', label: 'Host', cell: ({ host, spoolId }) => <span title={spoolId}>{host}</span> },
  {
    key: 'run',
    label: 'Numbers',
    isMinor: true,
    cell: ({ fromSeq, toSeq }) => `${formatCount(fromSeq)} to ${formatCount(toSeq)}`,
  },
  count('expected', 'Shipped', true),
  count('recorded', 'Recorded'),
  count('quarantined', 'Quarantined', true),
  count('lost', 'Lost'),
  count('duplicated', 'Twice'),
];

const OPEN_COLUMNS: readonly Column<OpenSpool>[] = [
  { key: 'host', label: 'Host', cell: ({ host, spoolId }) => <span title={spoolId}>{host}</span> },
  { key: 'unshipped', label: 'Not shipped', isNumber: true, cell: ({ unshipped }) => formatCount(unshipped) },
  { key: 'heard', label: 'Heard of', cell: ({ heardAt }) => <Time at={heardAt} isAge /> },
];
