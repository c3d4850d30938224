/** Deletes the logs of the list, once somebody has seen how many they are. */
import { useEffect, useEffectEvent, useState } from 'react';
import { Confirm } from '../../components/confirm.js';
import { Dialog } from '../../components/dialog.js';
import { Button } from '../../components/button.js';
import { Notice } from '../../components/notice.js';
import { Skeleton } from '../../components/skeleton.js';
import { useToast } from '../../components/toast.js';
import { formatCount } from '../../format.js';
import { DeleteLogsDocument, type LogFilter } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { messageOf } from '../../request-error.js';
import { useGateway } from '../../shell/gateway.js';
import { untilNow } from './log-filters.js';

interface DeleteLogsProps {
  readonly filter: LogFilter;
  readonly onClose: () => void;
}

const logs = (count: string): string => `${formatCount(count)} ${count === '1' ? 'log' : 'logs'}`;

export function DeleteLogs({ filter: given, onClose }: DeleteLogsProps) {
  const [filter] = useState(() => untilNow(given, Date.now())); // of the moment at which it was opened: what is counted is what is deleted
  const gateway = useGateway();
  const say = useToast();
  const counted = useChange(DeleteLogsDocument);
  const deleted = useChange(DeleteLogsDocument, (done) => {
    say(`Deleted ${logs(done.deleteLogs.count)}`);
    onClose();
  });
  const input = { gatewayId: gateway.id, filter };
  const count = useEffectEvent(() => counted.mutate({ input: { ...input, dryRun: true } }));
  useEffect(() => count(), []);
  const found = counted.data?.deleteLogs.count;
  if (found === undefined || found === '0') {
    return (
      <Dialog title="Delete logs" onClose={onClose}>
        <div className="stack">
          {counted.error === null && found === undefined ? <Skeleton rows={2} /> : null}
          {found === '0' ? <p>No log of the chosen range matches the filters: there is nothing to delete.</p> : null}
          <Notice kind="problem" message={messageOf(counted.error)} />
          <div className="modal-actions">
            <Button onClick={onClose}>Close</Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Confirm
      title="Delete logs"
      action={`Delete ${logs(found)}`}
      isBusy={deleted.isPending}
      error={deleted.error}
      onConfirm={() => deleted.mutate({ input: { ...input, expectedCount: found } })}
      onClose={onClose}
    >
      <p>
        {logs(found)} of the chosen range {found === '1' ? 'matches' : 'match'} the filters. Their requests, responses
        and ratings are gone for good; usage and costs stay counted.
      </p>
    </Confirm>
  );
}
