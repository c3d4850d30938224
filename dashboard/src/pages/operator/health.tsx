/** How the instance is: its ledger, its stores, its proxies and its regular work. */
import { Answer } from '../../components/answer.js';
import { Badge } from '../../components/badge.js';
import { Figure, Figures } from '../../components/figures.js';
import { Notice } from '../../components/notice.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { formatCount, formatDuration } from '../../format.js';
import { InstanceHealthDocument, type InstanceHealthQuery } from '../../gql/graphql.js';
import { LIVE_REFRESH_MS, useOperation } from '../../operations.js';

type InstanceHealth = InstanceHealthQuery['instanceHealth'];
type Proxy = InstanceHealth['proxies'][number];
type Job = InstanceHealth['jobs'][number];

export function Health() {
  const asked = useOperation(InstanceHealthDocument, {}, { refreshMs: LIVE_REFRESH_MS });
  return (
    <Answer of={asked} rows={8}>
      {({ instanceHealth: health }) => (
        <div className="sections">
          <Troubles health={health} />
          <Figures label="Ledger and stores">
            <Figure name="Ledger lag" value={lagText(health.ledgerLagSeconds)} note="of the slowest proxy" />
            <Figure name="Not shipped yet" value={formatCount(health.unshippedRecords)} note="records on disk" />
            <Figure name="Quarantine" value={formatCount(health.quarantinedRecords)} note="records not taken" />
            <Figure
              name="Lost today"
              value={formatCount(health.ledgerGaps.lost)}
              note={`${formatCount(health.ledgerGaps.duplicated)} twice, ${health.ledgerGaps.day} UTC`}
            />
            <Figure name="Cover" value={hoursText(health.coverHours)} note="without Postgres" />
            <Figure name="Redis" value={health.isRedisReachable ? 'reachable' : 'away'} />
            <Figure name="Postgres" value={health.postgresVersion.split(' ')[0]} title={health.postgresVersion} />
            <Figure name="Api" value={health.version} />
          </Figures>
          <section className="stack" aria-labelledby="proxies">
            <h2 id="proxies">Proxies</h2>
            {health.proxies.length === 0 ? (
              <p className="muted">No proxy was heard of in the last hour.</p>
            ) : (
              <Table label="Proxies" columns={PROXY_COLUMNS} rows={health.proxies} keyOf={({ id }) => id} />
            )}
          </section>
          <section className="stack" aria-labelledby="jobs">
            <h2 id="jobs">Regular work</h2>
            {health.jobs.length === 0 ? (
              <p className="muted">None has run yet.</p>
            ) : (
              <Table label="Regular work" columns={JOB_COLUMNS} rows={health.jobs} keyOf={({ job }) => job} />
            )}
          </section>
          <p className="muted">
            Checked <Time at={health.checkedAt} />
          </p>
        </div>
      )}
    </Answer>
  );
}

/** What somebody has to see to, in words. */
function Troubles({ health }: { readonly health: InstanceHealth }) {
  const gated = health.proxies.filter(({ isLive, isGated }) => isLive && isGated).length;
  const gone = health.proxies.filter(isGone).length;
  const troubles = [
    health.isRedisReachable
      ? null
      : 'Redis does not answer: rate limits are held by each proxy, answers are not cached.',
    gated === 0
      ? null
      : `${gated} of the proxies ${gated === 1 ? 'takes' : 'take'} no requests, because their records could not be kept.`,
    gone === 0
      ? null
      : `${gone} of the proxies ${gone === 1 ? 'is' : 'are'} gone with records that are not shipped: a proxy that starts over the same disk ships them.`,
    health.ledgerGaps.lost === '0'
      ? null
      : `${formatCount(health.ledgerGaps.lost)} records of today are not in the ledger.`,
    health.quarantinedRecords === '0'
      ? null
      : `${formatCount(health.quarantinedRecords)} records are in quarantine: Postgres would not take them.`,
    ...health.jobs.map(({ job, problem }) => (problem === null ? null : `${job}: ${problem}`)),
  ].filter((trouble) => trouble !== null);
  if (troubles.length === 0) return null;
  return (
    <div>
      {troubles.map((trouble) => (
        <Notice key={trouble} kind="warning" message={trouble} />
      ))}
    </div>
  );
}

const lagText = (seconds: number | null): string => (seconds === null ? '–' : formatDuration(seconds * 1_000));
const hoursText = (hours: number | null): string => {
  if (hours === null) return '–';
  return hours >= 48 ? `${Math.floor(hours / 24)} days` : `${hours.toFixed(1)} h`;
};

const PROXY_COLUMNS: readonly Column<Proxy>[] = [
  { key: 'host', label: 'Host', cell: ({ host, id }) => <span title={id}>{host}</span> },
  { key: 'state', label: 'State', cell: (proxy) => <ProxyState proxy={proxy} /> },
  { key: 'version', label: 'Version', isMinor: true, cell: ({ version }) => version ?? '–' },
  { key: 'started', label: 'Started', isMinor: true, cell: ({ startedAt }) => <Time at={startedAt} isAge /> },
  { key: 'seen', label: 'Heard of', cell: ({ lastSeenAt }) => <Time at={lastSeenAt} isAge /> },
  { key: 'lag', label: 'Lag', isNumber: true, cell: ({ ledgerLagSeconds }) => lagText(ledgerLagSeconds) },
  {
    key: 'unshipped',
    label: 'Not shipped',
    isNumber: true,
    isMinor: true,
    cell: ({ unshippedRecords }) => formatCount(unshippedRecords),
  },
  { key: 'cover', label: 'Cover', isNumber: true, isMinor: true, cell: ({ coverHours }) => hoursText(coverHours) },
];

/** It has not been heard of for a while, and did not say that it had shipped all it had. */
const isGone = ({ isLive, unshippedRecords }: Proxy): boolean => !isLive && unshippedRecords !== '0';

function ProxyState({ proxy }: { readonly proxy: Proxy }) {
  const { isLive, isGated } = proxy;
  if (isGone(proxy)) return <Badge kind="warning">gone</Badge>;
  if (!isLive) return <Badge>ended</Badge>;
  return isGated ? <Badge kind="bad">gated</Badge> : <Badge kind="good">live</Badge>;
}

const JOB_COLUMNS: readonly Column<Job>[] = [
  { key: 'job', label: 'Job', cell: ({ job }) => job },
  { key: 'ran', label: 'Ran', cell: ({ lastRunAt }) => <Time at={lastRunAt} isAge /> },
  {
    key: 'outcome',
    label: 'Outcome',
    cell: ({ problem }) =>
      problem === null ? <Badge kind="good">well</Badge> : <span className="breaks">{problem}</span>,
  },
];
