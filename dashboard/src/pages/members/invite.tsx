/** Invites somebody; the link is handed on, to be shown once. */
import { useState } from 'react';
import { SelectField, TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { CreateInvitationDocument, type Role } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { rolesWithin } from './roles.js';

export interface Invited {
  readonly email: string;
  readonly url: string;
}

const HOURS = [
  { value: '24', label: 'For a day' },
  { value: '168', label: 'For 7 days' },
  { value: '720', label: 'For 30 days' },
] as const;

interface InviteProps {
  readonly onInvited: (made: Invited) => void;
  readonly onClose: () => void;
}

export function Invite({ onInvited, onClose }: InviteProps) {
  const account = useAccount();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('VIEWER');
  const [hours, setHours] = useState<string>('168');
  const create = useChange(CreateInvitationDocument, ({ createInvitation: { url, invitation } }) =>
    onInvited({ url, email: invitation.email }),
  );
  return (
    <FormDialog
      title="Invite"
      action="Make a link"
      paths={['input.email', 'input.role', 'input.expiresInHours']}
      error={create.error}
      isBusy={create.isPending}
      isReady={email.trim() !== ''}
      onSubmit={() =>
        create.mutate({ input: { accountId: account.id, email: email.trim(), role, expiresInHours: Number(hours) } })
      }
      onClose={onClose}
    >
      <TextField
        label="Email"
        inputMode="email"
        value={email}
        onChange={setEmail}
        error={create.error}
        path="input.email"
        autoComplete="off"
        autoFocus
        required
      />
      <SelectField
        label="Role"
        value={role}
        options={rolesWithin(account.role)}
        onChange={setRole}
        error={create.error}
        path="input.role"
      />
      <SelectField
        label="The link is good"
        value={hours}
        options={HOURS}
        onChange={setHours}
        error={create.error}
        path="input.expiresInHours"
      />
    </FormDialog>
  );
}
