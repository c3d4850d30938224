/** Invitations that nobody has accepted yet. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { LongName } from '../../components/long-name.js';
import { Pagination } from '../../components/pagination.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { useToast } from '../../components/toast.js';
import { RevokeInvitationDocument, type MembersQuery } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { roleLabel } from './roles.js';

type Connection = NonNullable<MembersQuery['account']>['invitations'];
type Invitation = Connection['edges'][number]['node'];

export function Invitations({ invitations }: { readonly invitations: Connection }) {
  const [revoked, setRevoked] = useState<Invitation | null>(null);
  const rows = invitations.edges.map(({ node }) => node);
  const columns: readonly Column<Invitation>[] = [
    { key: 'email', label: 'Email', cell: ({ email }) => <LongName name={email} /> },
    { key: 'role', label: 'Role', cell: ({ role }) => roleLabel(role) },
    { key: 'created', label: 'Invited', isMinor: true, cell: ({ createdAt }) => <Time at={createdAt} isAge /> },
    { key: 'expires', label: 'Good until', isMinor: true, cell: ({ expiresAt }) => <Time at={expiresAt} /> },
    {
      key: 'actions',
      label: <span className="visually-hidden">Actions</span>,
      cell: (invitation) => (
        <div className="row-actions">
          <Button
            kind="quiet"
            aria-label={`Revoke the invitation of ${invitation.email}`}
            onClick={() => setRevoked(invitation)}
          >
            Revoke
          </Button>
        </div>
      ),
    },
  ];
  return (
    <section className="stack" aria-labelledby="invitations">
      <h2 id="invitations">Invitations</h2>
      {rows.length === 0 ? (
        <p className="muted">Nobody is invited at present.</p>
      ) : (
        <Table label="Invitations" columns={columns} rows={rows} keyOf={({ id }) => id} />
      )}
      <Pagination ends={invitations.pageInfo} name="invited-after" />
      {revoked === null ? null : <Revoke invitation={revoked} onClose={() => setRevoked(null)} />}
    </section>
  );
}

function Revoke({ invitation, onClose }: { readonly invitation: Invitation; readonly onClose: () => void }) {
  const say = useToast();
  const revoke = useChange(RevokeInvitationDocument, () => {
    say('The invitation was revoked');
    onClose();
  });
  return (
    <Confirm
      title="Revoke the invitation?"
      action="Revoke invitation"
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: invitation.id })}
      onClose={onClose}
    >
      <p>The link of {invitation.email} is good for nothing from now on.</p>
    </Confirm>
  );
}
