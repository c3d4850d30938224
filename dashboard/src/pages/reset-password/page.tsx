/** Set a password anew by the operator's link. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { ResetPasswordDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { messageOf } from '../../request-error.js';
import { Entrance } from '../../shell/entrance.js';
import { useLinkSecret } from '../../shell/link-secret.js';
import { useEntrance } from '../../shell/use-entrance.js';

export function ResetPasswordPage() {
  const secret = useLinkSecret();
  const enter = useEntrance();
  const [newPassword, setNewPassword] = useState('');
  const reset = useChange(ResetPasswordDocument, () => enter(null));
  return (
    <Entrance title="New password">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          reset.mutate({ input: { secret, newPassword } });
        }}
      >
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          hint="At least 8 characters. All your other sessions end."
          value={newPassword}
          onChange={setNewPassword}
          error={reset.error}
          path="input.newPassword"
          autoFocus
          required
        />
        <Notice kind="problem" message={messageOf(reset.error, ['input.newPassword'])} />
        <Button type="submit" kind="primary" isBusy={reset.isPending}>
          Set password
        </Button>
      </form>
    </Entrance>
  );
}
