/** Sign up, where the operator lets anybody in. */
import { useState } from 'react';
import { Link } from 'wouter';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { SignUpDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { accountPath } from '../../paths.js';
import { messageOf } from '../../request-error.js';
import { Entrance } from '../../shell/entrance.js';
import { useEntrance } from '../../shell/use-entrance.js';

const FIELDS = ['input.email', 'input.password', 'input.accountName'];

export function SignUpPage() {
  const enter = useEntrance();
  const [input, setInput] = useState({ email: '', password: '', accountName: '' });
  const signUp = useChange(SignUpDocument, () => enter(accountPath(input.accountName)));
  return (
    <Entrance title="Sign up">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          signUp.mutate({ input });
        }}
      >
        <TextField
          label="Email"
          inputMode="email"
          autoComplete="username"
          value={input.email}
          onChange={(email) => setInput({ ...input, email })}
          error={signUp.error}
          path="input.email"
          autoFocus
          required
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          hint="At least 8 characters"
          value={input.password}
          onChange={(password) => setInput({ ...input, password })}
          error={signUp.error}
          path="input.password"
          required
        />
        <TextField
          label="Account name"
          hint="Stands in every URL: a to z, 0 to 9 and -"
          value={input.accountName}
          onChange={(accountName) => setInput({ ...input, accountName })}
          error={signUp.error}
          path="input.accountName"
          required
        />
        <Notice kind="problem" message={messageOf(signUp.error, FIELDS)} />
        <Button type="submit" kind="primary" isBusy={signUp.isPending}>
          Sign up
        </Button>
      </form>
      <p className="entrance-foot">
        A user already? <Link href="/sign-in">Sign in</Link>
      </p>
    </Entrance>
  );
}
