/** One log with all that is known of it. */
import { Answer } from '../../components/answer.js';
import { Badge, StatusBadge } from '../../components/badge.js';
import { CopyButton } from '../../components/copy-button.js';
import { Drawer } from '../../components/dialog.js';
import { EmptyState } from '../../components/empty-state.js';
import { Figure, Figures } from '../../components/figures.js';
import { Money } from '../../components/money.js';
import { Time } from '../../components/time.js';
import { errorText } from '../../error-codes.js';
import { formatCount, formatDuration } from '../../format.js';
import { GatewayLogDocument, type GatewayLogQuery } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { curlOf } from './curl.js';
import { Bodies } from './log-bodies.js';
import { LogCost } from './log-cost.js';
import { LogFacts, LogMetadata } from './log-facts.js';
import { LogRating } from './log-rating.js';
import { Waterfall } from './waterfall.js';

export type LogDetail = NonNullable<NonNullable<NonNullable<GatewayLogQuery['account']>['gateway']>['log']>;

export function LogDrawer({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const account = useAccount();
  const gateway = useGateway();
  const asked = useOperation(GatewayLogDocument, { account: account.name, gateway: gateway.name, id });
  return (
    <Drawer title="Log" onClose={onClose}>
      <Answer of={asked} rows={10}>
        {(found) => {
          const log = found.account?.gateway?.log ?? null;
          return log === null ? <NoLog /> : <Shown log={log} />;
        }}
      </Answer>
    </Drawer>
  );
}

function NoLog() {
  return (
    <EmptyState title="This log is not here">
      <p>It was deleted, or kept no longer than its gateway’s settings say.</p>
    </EmptyState>
  );
}

function Shown({ log }: { readonly log: LogDetail }) {
  const { endpointUrl } = useGateway();
  const { provider, path, requestBody: body } = log;
  return (
    <div className="log-detail">
      <header className="log-detail-head">
        <StatusBadge status={log.statusCode} />
        {log.errorCode === null ? null : <span className="muted">{errorText(log.errorCode)}</span>}
        <strong>
          <bdi>{log.model ?? log.provider}</bdi>
        </strong>
        {log.model === null ? null : <bdi className="muted">{log.provider}</bdi>}
        {log.cached ? <Badge kind="accent">cached</Badge> : null}
        {log.streamed ? <Badge>streamed</Badge> : null}
        {log.clientAborted ? <Badge kind="warning">client left</Badge> : null}
        <span className="muted">
          <Time at={log.createdAt} />
        </span>
        <span className="log-detail-copy muted">
          curl
          <CopyButton text={curlOf({ endpointUrl, provider, path, body })} label="Copy as curl" />
        </span>
      </header>
      <Numbers log={log} />
      <LogRating log={log} />
      <Bodies log={log} />
      <Waterfall log={log} />
      <LogCost log={log} />
      <LogMetadata metadata={log.metadata} />
      <LogFacts log={log} />
    </div>
  );
}

function Numbers({ log }: { readonly log: LogDetail }) {
  return (
    <Figures label="Log">
      <Figure name="Duration" value={formatDuration(log.durationMs)} />
      <Figure name="First token" value={formatDuration(log.timeToFirstTokenMs)} />
      <Figure name="Tokens in" value={countOf(log.tokensIn)} note={noteOf(log.tokensCachedIn, 'cached')} />
      <Figure name="Tokens out" value={countOf(log.tokensOut)} note={noteOf(log.tokensReasoning, 'reasoning')} />
      <Figure
        name="Cost"
        value={<Money usd={log.costUsd} />}
        note={log.costStatus.toLowerCase().replaceAll('_', ' ')}
      />
      <Figure name="Saved" value={log.savedUsd === null ? '–' : <Money usd={log.savedUsd} />} note="by the cache" />
    </Figures>
  );
}

const countOf = (count: string | null): string => (count === null ? '–' : formatCount(count));
const noteOf = (count: string | null, name: string): string =>
  count === null || count === '0' ? '' : `${formatCount(count)} ${name}`;
