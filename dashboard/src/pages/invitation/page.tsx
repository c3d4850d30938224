/** Accept an invitation: with a new password, that of one's user, or as whoever is signed in. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { AcceptInvitationDocument, InvitationDocument, type InvitationQuery } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { accountPath } from '../../paths.js';
import { messageOf } from '../../request-error.js';
import { Entrance } from '../../shell/entrance.js';
import { useLinkSecret } from '../../shell/link-secret.js';
import { useEntrance } from '../../shell/use-entrance.js';

export function InvitationPage() {
  const secret = useLinkSecret();
  const offer = useOperation(InvitationDocument, { secret });
  return (
    <Entrance title="Invitation">
      <Answer of={offer}>
        {({ invitation }) =>
          invitation === null ? (
            <p>
              This link is not good any more: it was used, revoked, or is too old. Ask whoever sent it for a new one.
            </p>
          ) : (
            <Acceptance secret={secret} offer={invitation} />
          )
        }
      </Answer>
    </Entrance>
  );
}

interface AcceptanceProps {
  readonly secret: string;
  readonly offer: NonNullable<InvitationQuery['invitation']>;
}

function Acceptance({ secret, offer }: AcceptanceProps) {
  const enter = useEntrance();
  const [password, setPassword] = useState('');
  const accept = useChange(AcceptInvitationDocument, ({ acceptInvitation }) =>
    enter(accountPath(acceptInvitation.account.name)),
  );
  const send = (): void => accept.mutate({ input: { secret, ...(password === '' ? {} : { password }) } });
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <p>
        <strong>{offer.email}</strong> is invited into <strong>{offer.accountName}</strong> as{' '}
        {offer.role.toLowerCase()}.
      </p>
      <Notice kind="warning" message={offer.isAccountSuspended ? 'This account is suspended at present.' : null} />
      <TextField
        label="Password"
        type="password"
        autoComplete="new-password"
        hint="A new one of at least 8 characters, or yours, if you have one here. None if you are signed in."
        value={password}
        onChange={setPassword}
        error={accept.error}
        path="input.password"
      />
      <Notice kind="problem" message={messageOf(accept.error, ['input.password'])} />
      <Button type="submit" kind="primary" isBusy={accept.isPending}>
        Join {offer.accountName}
      </Button>
    </form>
  );
}
