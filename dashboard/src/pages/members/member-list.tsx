/** Members with their roles; what the viewer may not do is not offered. */
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Select } from '../../components/field.js';
import { LongName } from '../../components/long-name.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import type { MembersQuery } from '../../gql/graphql.js';
import { useAccount } from '../../shell/account.js';
import type { MemberDoing } from './member-dialogs.js';
import { reaches, roleLabel, rolesWithin } from './roles.js';

export type Member = NonNullable<MembersQuery['account']>['members']['edges'][number]['node'];

interface MemberListProps {
  readonly members: readonly Member[];
  /** null: the viewer is no user */
  readonly viewerId: string | null;
  readonly onDo: (doing: MemberDoing) => void;
}

export function MemberList({ members, viewerId, onDo }: MemberListProps) {
  const account = useAccount();
  const isOpen = ({ userId, role }: Member): boolean => userId !== viewerId && reaches(account.role, role);
  const columns: readonly Column<Member>[] = [
    {
      key: 'email',
      label: 'Email',
      cell: ({ email, userId }) => (
        <>
          <LongName name={email} /> {userId === viewerId ? <Badge kind="accent">you</Badge> : null}
        </>
      ),
    },
    { key: 'since', label: 'Since', isMinor: true, cell: ({ createdAt }) => <Time at={createdAt} /> },
    {
      key: 'role',
      label: 'Role',
      // in one cell, since a column for each leaves an address too little room on a narrow screen
      cell: (member) => (
        <div className="row-actions of-member">
          {isOpen(member) ? (
            <Select
              aria-label={`Role of ${member.email}`}
              value={member.role}
              options={rolesWithin(account.role).map(({ value }) => ({ value, label: roleLabel(value) }))}
              onChange={(role) => onDo({ kind: 'role', member, role })}
            />
          ) : (
            <span>{roleLabel(member.role)}</span>
          )}
          {account.role === 'OWNER' && member.userId !== viewerId ? (
            <Button
              kind="quiet"
              aria-label={`Make owner: ${member.email}`}
              onClick={() => onDo({ kind: 'transfer', member })}
            >
              Make owner
            </Button>
          ) : null}
          {isOpen(member) ? (
            <Button kind="quiet" aria-label={`Remove ${member.email}`} onClick={() => onDo({ kind: 'remove', member })}>
              Remove
            </Button>
          ) : null}
        </div>
      ),
    },
  ];
  return <Table label="Members" columns={columns} rows={members} keyOf={({ id }) => id} />;
}
