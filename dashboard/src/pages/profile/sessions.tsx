/** Where the user is signed in; any of it can be ended. */
import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { Pagination } from '../../components/pagination.js';
import { Section } from '../../components/section.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { useToast } from '../../components/toast.js';
import { RevokeOtherSessionsDocument, RevokeSessionDocument, type ProfileQuery } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';

type Connection = ProfileQuery['viewer']['sessions'];
type Session = Connection['edges'][number]['node'];

export function Sessions({ sessions }: { readonly sessions: Connection }) {
  const [doing, setDoing] = useState<Session | 'others' | null>(null);
  const rows = sessions.edges.map(({ node }) => node);
  const close = (): void => setDoing(null);
  const columns: readonly Column<Session>[] = [
    {
      key: 'agent',
      label: 'Browser',
      cell: ({ userAgent, isCurrent }) => (
        <span className="breaks">
          {userAgent ?? 'unknown'} {isCurrent ? <Badge kind="accent">this one</Badge> : null}
        </span>
      ),
    },
    { key: 'ip', label: 'Address', isMinor: true, cell: ({ ip }) => ip ?? '–' },
    { key: 'created', label: 'Signed in', isMinor: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
    { key: 'used', label: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} isAge /> },
    { key: 'expires', label: 'Ends', isMinor: true, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      key: 'actions',
      label: <span className="visually-hidden">Actions</span>,
      cell: (session) => (
        <div className="row-actions">
          <Button
            kind="quiet"
            aria-label={session.isCurrent ? 'End this session' : `End the session from ${session.ip ?? 'unknown'}`}
            onClick={() => setDoing(session)}
          >
            End
          </Button>
        </div>
      ),
    },
  ];
  return (
    <Section
      title="Sessions"
      about="Where you are signed in."
      actions={
        <Button disabled={rows.every(({ isCurrent }) => isCurrent)} onClick={() => setDoing('others')}>
          End all others
        </Button>
      }
    >
      <Table label="Sessions" columns={columns} rows={rows} keyOf={({ id }) => id} />
      <Pagination ends={sessions.pageInfo} />
      {doing === 'others' ? <EndOthers onClose={close} /> : null}
      {doing === null || doing === 'others' ? null : <EndSession session={doing} onClose={close} />}
    </Section>
  );
}

function EndSession({ session, onClose }: { readonly session: Session; readonly onClose: () => void }) {
  const say = useToast();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const revoke = useChange(RevokeSessionDocument, () => {
    onClose();
    if (!session.isCurrent) return say('The session has ended');
    client.clear();
    return navigate('/sign-in');
  });
  return (
    <Confirm
      title="End this session?"
      action="End session"
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: session.id })}
      onClose={onClose}
    >
      <p>
        {session.isCurrent ? 'It is this one: you will have to sign in again.' : 'That browser has to sign in again.'}
      </p>
    </Confirm>
  );
}

function EndOthers({ onClose }: { readonly onClose: () => void }) {
  const say = useToast();
  const revoke = useChange(RevokeOtherSessionsDocument, ({ revokeOtherSessions: { count } }) => {
    say(count === 1 ? 'One session has ended' : `${count} sessions have ended`);
    onClose();
  });
  return (
    <Confirm
      title="End all other sessions?"
      action="End them"
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({})}
      onClose={onClose}
    >
      <p>Every browser but this one has to sign in again.</p>
    </Confirm>
  );
}
