/** Asks before a member's place changes. */
import { useLocation } from 'wouter';
import { Confirm } from '../../components/confirm.js';
import { useToast } from '../../components/toast.js';
import {
  LeaveAccountDocument,
  RemoveMemberDocument,
  TransferAccountDocument,
  UpdateMemberDocument,
  type Role,
} from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import type { Member } from './member-list.js';
import { roleLabel } from './roles.js';

export type MemberDoing =
  | { readonly kind: 'role'; readonly member: Member; readonly role: Role }
  | { readonly kind: 'remove' | 'transfer'; readonly member: Member }
  | { readonly kind: 'leave' };

interface MemberDialogsProps {
  /** null: nothing is asked */
  readonly doing: MemberDoing | null;
  readonly onClose: () => void;
}

export function MemberDialogs({ doing, onClose }: MemberDialogsProps) {
  switch (doing?.kind) {
    case undefined:
      return null;
    case 'role':
      return <ChangeRole member={doing.member} role={doing.role} onClose={onClose} />;
    case 'remove':
      return <Remove member={doing.member} onClose={onClose} />;
    case 'transfer':
      return <Transfer member={doing.member} onClose={onClose} />;
    case 'leave':
      return <Leave onClose={onClose} />;
  }
}

interface OfMember {
  readonly member: Member;
  readonly onClose: () => void;
}

function ChangeRole({ member, role, onClose }: OfMember & { readonly role: Role }) {
  const account = useAccount();
  const say = useToast();
  const update = useChange(UpdateMemberDocument, ({ updateMember }) => {
    say(`${updateMember.email} is ${roleLabel(updateMember.role).toLowerCase()} now`);
    onClose();
  });
  return (
    <Confirm
      title={`Make ${member.email} ${roleLabel(role).toLowerCase()}?`}
      action="Change role"
      isBusy={update.isPending}
      error={update.error}
      onConfirm={() => update.mutate({ input: { accountId: account.id, memberId: member.id, role } })}
      onClose={onClose}
    >
      <p>
        From {roleLabel(member.role).toLowerCase()} to {roleLabel(role).toLowerCase()}, at once.
      </p>
    </Confirm>
  );
}

function Remove({ member, onClose }: OfMember) {
  const account = useAccount();
  const say = useToast();
  const remove = useChange(RemoveMemberDocument, () => {
    say(`${member.email} was removed`);
    onClose();
  });
  return (
    <Confirm
      title={`Remove ${member.email}?`}
      action="Remove member"
      isBusy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ input: { accountId: account.id, memberId: member.id } })}
      onClose={onClose}
    >
      <p>They see nothing of this account from now on. API tokens that they made go on working: revoke those too.</p>
    </Confirm>
  );
}

function Transfer({ member, onClose }: OfMember) {
  const account = useAccount();
  const say = useToast();
  const transfer = useChange(TransferAccountDocument, () => {
    say(`${member.email} is the owner now`);
    onClose();
  });
  return (
    <Confirm
      title={`Give ${account.name} to ${member.email}?`}
      action="Give it away"
      typed={account.name}
      isBusy={transfer.isPending}
      error={transfer.error}
      onConfirm={() => transfer.mutate({ input: { accountId: account.id, memberId: member.id } })}
      onClose={onClose}
    >
      <p>They become the owner in your place, and you stay as an admin. Only they can give it back.</p>
    </Confirm>
  );
}

function Leave({ onClose }: { readonly onClose: () => void }) {
  const account = useAccount();
  const [, navigate] = useLocation();
  const leave = useChange(LeaveAccountDocument, () => navigate('/'));
  return (
    <Confirm
      title={`Leave ${account.name}?`}
      action="Leave account"
      isBusy={leave.isPending}
      error={leave.error}
      onConfirm={() => leave.mutate({ accountId: account.id })}
      onClose={onClose}
    >
      <p>You see nothing of it from now on, until somebody invites you again.</p>
    </Confirm>
  );
}
