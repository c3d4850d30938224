/** Who is in the account and in what role, and who is invited. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { PageHead } from '../../components/page-head.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { SecretOnce } from '../../components/secret-once.js';
import { MembersDocument } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { Invitations } from './invitations.js';
import { Invite, type Invited } from './invite.js';
import { MemberDialogs, type MemberDoing } from './member-dialogs.js';
import { MemberList } from './member-list.js';

export function MembersPage() {
  const account = useAccount();
  const [after, invitedAfter] = [usePageCursor(), usePageCursor('invited-after')];
  const [isInviting, setIsInviting] = useState(false);
  const [invited, setInvited] = useState<Invited | null>(null);
  const [doing, setDoing] = useState<MemberDoing | null>(null);
  const members = useOperation(MembersDocument, { account: account.name, after, invitedAfter });
  return (
    <>
      <PageHead
        title="Members"
        actions={
          <>
            {account.role === null ? null : <Button onClick={() => setDoing({ kind: 'leave' })}>Leave account</Button>}
            <Button kind="primary" icon="plus" onClick={() => setIsInviting(true)}>
              Invite
            </Button>
          </>
        }
      />
      <Answer of={members} rows={6}>
        {({ viewer, account: found }) =>
          found === null ? null : (
            <div className="sections">
              <div>
                <MemberList
                  members={found.members.edges.map(({ node }) => node)}
                  viewerId={viewer.id}
                  onDo={setDoing}
                />
                <Pagination ends={found.members.pageInfo} />
              </div>
              <Invitations invitations={found.invitations} />
            </div>
          )
        }
      </Answer>
      <MemberDialogs doing={doing} onClose={() => setDoing(null)} />
      {isInviting ? (
        <Invite
          onInvited={(made) => {
            setIsInviting(false);
            setInvited(made);
          }}
          onClose={() => setIsInviting(false)}
        />
      ) : null}
      {invited === null ? null : (
        <SecretOnce title={`Invitation for ${invited.email}`} secret={invited.url} onClose={() => setInvited(null)}>
          <p className="muted">Nothing is mailed: send this link yourself. Whoever has it can join in their place.</p>
        </SecretOnce>
      )}
    </>
  );
}
