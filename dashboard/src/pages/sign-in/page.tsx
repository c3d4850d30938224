/** Sign in by password, or at the OpenID provider; `?next=` says where to go on, and never leads off this site. */
import { useState } from 'react';
import { Link } from 'wouter';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { SignInDocument, SignInOptionsDocument } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { localPath } from '../../paths.js';
import { messageOf } from '../../request-error.js';
import { Entrance } from '../../shell/entrance.js';
import { useEntrance } from '../../shell/use-entrance.js';
import { useUrlState } from '../../url-state.js';

export function SignInPage() {
  const next = useUrlState().get('next');
  const options = useOperation(SignInOptionsDocument, {}).data?.signInOptions;
  return (
    <Entrance title="Sign in">
      <PasswordForm next={next} />
      {options?.oidcUrl === null || options?.oidcUrl === undefined ? null : (
        <a className="button button-plain" href={oidcHref(options.oidcUrl, next)}>
          Sign in with your organisation
        </a>
      )}
      {options?.isSignUpOpen === true ? (
        <p className="entrance-foot">
          No user yet? <Link href="/sign-up">Sign up</Link>
        </p>
      ) : null}
    </Entrance>
  );
}

function PasswordForm({ next }: { readonly next: string | null }) {
  const enter = useEntrance();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useChange(SignInDocument, () => enter(next));
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate({ input: { email, password } });
      }}
    >
      <TextField
        label="Email"
        // not of type email: `admin@localhost` is one here, and the api says what it takes
        inputMode="email"
        autoComplete="username"
        value={email}
        onChange={setEmail}
        autoFocus
        required
      />
      <TextField
        label="Password"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        required
      />
      <Notice kind="problem" message={messageOf(signIn.error)} />
      <Button type="submit" kind="primary" isBusy={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}

/** The api's own way, on this same origin: its public name may be another one than where this page came from. */
function oidcHref(oidcUrl: string, next: string | null): string {
  const { pathname } = new URL(oidcUrl, location.origin);
  const path = localPath(next, location.origin);
  return path === '/' ? pathname : `${pathname}?next=${encodeURIComponent(path)}`;
}
