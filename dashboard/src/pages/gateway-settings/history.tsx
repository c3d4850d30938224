/** Versions of a gateway's configuration: what each changed, how it differs from now, and the way back. */
import { Answer } from '../../components/answer.js';
import { Badge } from '../../components/badge.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { Section } from '../../components/section.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { GatewayHistoryDocument, type GatewayHistoryQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { useUrlState } from '../../url-state.js';
import { VersionDrawer } from './version-drawer.js';

type Gateway = NonNullable<NonNullable<GatewayHistoryQuery['account']>['gateway']>;
type Version = Gateway['versions']['edges'][number]['node'];

export function GatewayHistory() {
  const account = useAccount();
  const gateway = useGateway();
  const url = useUrlState();
  const after = usePageCursor();
  const history = useOperation(GatewayHistoryDocument, { account: account.name, gateway: gateway.name, after });
  const open = Number(url.get('version'));
  return (
    <Section
      title="History"
      about="Every change of what this gateway does is a version: of its settings, its keys, and the custom providers that it uses."
    >
      <Answer of={history}>
        {({ account: found }) =>
          found?.gateway === null || found?.gateway === undefined ? null : (
            <>
              <Table
                label="Versions"
                columns={columnsOf(found.gateway.configVersion)}
                rows={found.gateway.versions.edges.map(({ node }) => node)}
                keyOf={({ number }) => String(number)}
                onOpen={({ number }) => url.set({ version: String(number), against: null })}
                openKey={url.get('version')}
              />
              <Pagination ends={found.gateway.versions.pageInfo} />
              {Number.isInteger(open) && open > 0 ? (
                <VersionDrawer
                  number={open}
                  current={found.gateway.configVersion}
                  onClose={() => url.set({ version: null, against: null })}
                />
              ) : null}
            </>
          )
        }
      </Answer>
    </Section>
  );
}

const columnsOf = (current: number): readonly Column<Version>[] => [
  {
    key: 'number',
    label: 'Version',
    cell: ({ number }) => (
      <>
        {number} {number === current ? <Badge kind="accent">now</Badge> : null}
      </>
    ),
  },
  { key: 'action', label: 'What was done', cell: ({ action }) => action },
  {
    key: 'changes',
    label: 'Changed',
    isMinor: true,
    cell: ({ changes }) => <span className="breaks">{changedText(changes)}</span>,
  },
  { key: 'actor', label: 'By', isMinor: true, cell: ({ actor }) => <span className="breaks">{actor}</span> },
  { key: 'at', label: 'When', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

const NAMED_MAX = 3;

function changedText(changes: Version['changes']): string {
  if (changes === null) return 'the first that is kept';
  if (changes.length === 0) return 'nothing that is shown';
  const named = changes.slice(0, NAMED_MAX).map(({ path }) => path.replace(/^settings\./, ''));
  return changes.length > NAMED_MAX ? `${named.join(', ')} and ${changes.length - NAMED_MAX} more` : named.join(', ');
}
