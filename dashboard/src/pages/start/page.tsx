/** The start: leads to the first account, or, to who is in none, says how one comes by an account. */
import { useState } from 'react';
import { Redirect, useLocation } from 'wouter';
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { CreateAccountDocument, StartDocument, type StartQuery } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { accountPath } from '../../paths.js';
import { messageOf } from '../../request-error.js';
import { Entrance } from '../../shell/entrance.js';

export function StartPage() {
  const start = useOperation(StartDocument, {});
  const first = start.data?.viewer.accounts.edges[0];
  if (first !== undefined) return <Redirect to={accountPath(first.node.name)} replace />;
  return (
    <Entrance title="Tollgate">
      <Answer of={start}>{(data) => <NoAccount start={data} />}</Answer>
    </Entrance>
  );
}

function NoAccount({ start: { viewer, signInOptions } }: { readonly start: StartQuery }) {
  return viewer.isOperator || signInOptions.isSignUpOpen ? (
    <CreateAccount />
  ) : (
    <p>{viewer.email} is in no account yet. Ask an owner of one for an invitation.</p>
  );
}

function CreateAccount() {
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const create = useChange(CreateAccountDocument, ({ createAccount }) => navigate(accountPath(createAccount.name)));
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate({ input: { name } });
      }}
    >
      <p>You are in no account yet. Make the first one.</p>
      <TextField
        label="Account name"
        hint="Stands in every URL: a to z, 0 to 9 and -"
        value={name}
        onChange={setName}
        error={create.error}
        path="input.name"
        autoFocus
        required
      />
      <Notice kind="problem" message={messageOf(create.error, ['input.name'])} />
      <Button type="submit" kind="primary" isBusy={create.isPending}>
        Create account
      </Button>
    </form>
  );
}
