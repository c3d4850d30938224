/** A link for somebody who has forgotten his password. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { SecretOnce } from '../../components/secret-once.js';
import { Time } from '../../components/time.js';
import { CreatePasswordResetDocument, type CreatePasswordResetMutation } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';

type Link = CreatePasswordResetMutation['createPasswordReset'];

export function PasswordReset() {
  const [isAsking, setIsAsking] = useState(false);
  const [link, setLink] = useState<Link | null>(null);
  const [email, setEmail] = useState('');
  const create = useChange(CreatePasswordResetDocument, ({ createPasswordReset }) => {
    setLink(createPasswordReset);
    setIsAsking(false);
  });
  return (
    <>
      <Button onClick={() => setIsAsking(true)}>Password reset</Button>
      {isAsking ? (
        <FormDialog
          title="Password reset"
          action="Make a link"
          paths={['input.email']}
          error={create.error}
          isBusy={create.isPending}
          isReady={email.trim() !== ''}
          onSubmit={() => create.mutate({ input: { email: email.trim() } })}
          onClose={() => setIsAsking(false)}
        >
          <p className="muted">Whoever opens the link chooses a new password for this user.</p>
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
        </FormDialog>
      ) : null}
      {link === null ? null : (
        <SecretOnce title={`Password reset of ${email}`} secret={link.url} onClose={() => setLink(null)}>
          <p className="muted">
            Nothing is mailed: send it yourself. It is good until <Time at={link.expiresAt} />.
          </p>
        </SecretOnce>
      )}
    </>
  );
}
