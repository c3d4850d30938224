/**
 * Follows the gateway while it is on, and says how that goes. One for each filter: another one is another subscription.
 */
import { useEffect, useEffectEvent, useRef } from 'react';
import { Badge } from '../../components/badge.js';
import { GatewayLogTailDocument, type LogFilter } from '../../gql/graphql.js';
import { messageOf } from '../../request-error.js';
import { useGateway } from '../../shell/gateway.js';
import { useSubscription } from '../../subscription.js';
import type { LogRow } from './use-logs.js';

export interface LiveTailProps {
  readonly filter: LogFilter;
  readonly onLog: (log: LogRow) => void;
  /** it stands from now on: what came before has to be asked */
  readonly onLive: () => void;
}

export function LiveTail({ filter, onLog, onLive }: LiveTailProps) {
  const gateway = useGateway();
  const cursor = useRef<string | null>(null);
  const state = useSubscription({
    isOn: true,
    document: GatewayLogTailDocument,
    variables: () => ({ gatewayId: gateway.id, filter, after: cursor.current }),
    onNext: ({ logs }) => {
      cursor.current = logs.cursor;
      onLog(logs.node);
    },
  });
  const begun = useEffectEvent(onLive);
  useEffect(() => {
    if (state.kind === 'live') begun();
  }, [state.kind]);
  return (
    <span role="status">
      {state.kind === 'live' ? (
        <Badge kind="good">Live</Badge>
      ) : state.kind === 'connecting' ? (
        <Badge>Connecting…</Badge>
      ) : (
        <Badge kind="bad">{messageOf(state.error)}</Badge>
      )}
    </span>
  );
}
