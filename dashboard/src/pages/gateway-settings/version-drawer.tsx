/** One version beside another one, and going back to it. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { Changes } from '../../components/changes.js';
import { Confirm } from '../../components/confirm.js';
import { Drawer } from '../../components/dialog.js';
import { Facts } from '../../components/facts.js';
import { Segments } from '../../components/segments.js';
import { Time } from '../../components/time.js';
import { useToast } from '../../components/toast.js';
import { GatewayVersionDiffDocument, RollbackGatewayDocument } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { useUrlState } from '../../url-state.js';

interface VersionDrawerProps {
  readonly number: number;
  /** the version that acts now */
  readonly current: number;
  readonly onClose: () => void;
}

export function VersionDrawer({ number, current, onClose }: VersionDrawerProps) {
  const account = useAccount();
  const gateway = useGateway();
  const url = useUrlState();
  const [isAsking, setIsAsking] = useState(false);
  const against = url.get('against') === 'now' && number !== current ? 'now' : 'before';
  const diff = useOperation(GatewayVersionDiffDocument, {
    account: account.name,
    gateway: gateway.name,
    number,
    from: against === 'now' ? number : number - 1,
    to: against === 'now' ? current : number,
  });
  const canRollBack = account.can('AI_GATEWAY_EDIT') && number < current;
  return (
    <Drawer
      title={`Version ${number}`}
      onClose={onClose}
      {...(canRollBack
        ? { actions: <Button onClick={() => setIsAsking(true)}>{`Go back to version ${number}`}</Button> }
        : {})}
    >
      <Answer of={diff}>
        {({ account: found }) => {
          const { version = null, versionDiff = null } = found?.gateway ?? {};
          if (version === null) return <p>This version is not kept any more, or never was.</p>;
          return (
            <div className="stack">
              <Facts
                facts={[
                  ['What was done', version.action],
                  ['By', version.actor],
                  ['When', <Time key="at" at={version.createdAt} />],
                ]}
              />
              {number === current ? null : (
                <Segments
                  label="Compare"
                  segments={[
                    { value: 'before', label: 'What it changed' },
                    { value: 'now', label: `From it to now (version ${current})` },
                  ]}
                  value={against}
                  onChange={(chosen) => url.set({ against: chosen === 'now' ? 'now' : null }, true)}
                />
              )}
              {versionDiff === null ? (
                <p className="muted">The version before it is not kept, or there was none.</p>
              ) : (
                <Changes changes={versionDiff} />
              )}
            </div>
          );
        }}
      </Answer>
      {isAsking ? (
        <RollBack number={number} current={current} onClose={() => setIsAsking(false)} onDone={onClose} />
      ) : null}
    </Drawer>
  );
}

interface RollBackProps {
  readonly number: number;
  readonly current: number;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function RollBack({ number, current, onClose, onDone }: RollBackProps) {
  const gateway = useGateway();
  const say = useToast();
  const rollback = useChange(RollbackGatewayDocument, ({ rollbackGateway }) => {
    say(`As it was at version ${number}: version ${rollbackGateway.configVersion}`);
    onDone();
  });
  return (
    <Confirm
      title={`Go back to version ${number}?`}
      action="Go back"
      isBusy={rollback.isPending}
      error={rollback.error}
      onConfirm={() => rollback.mutate({ input: { id: gateway.id, version: number, ifVersion: current } })}
      onClose={onClose}
    >
      <p>
        Description and settings become what they were then, as a new version. Keys and custom providers stay as they
        are now.
      </p>
    </Confirm>
  );
}
