/** The account itself: its name and limits, and its end. */
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { CopyButton } from '../../components/copy-button.js';
import { Facts } from '../../components/facts.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { PageHead } from '../../components/page-head.js';
import { Section } from '../../components/section.js';
import { Time } from '../../components/time.js';
import { useToast } from '../../components/toast.js';
import { formatBytes, formatCount } from '../../format.js';
import { AccountSettingsDocument, DeleteAccountDocument, UpdateAccountDocument } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { accountPath } from '../../paths.js';
import { messageOf } from '../../request-error.js';
import { useAccount } from '../../shell/account.js';

export function AccountSettingsPage() {
  const account = useAccount();
  const loaded = useOperation(AccountSettingsDocument, { account: account.name });
  return (
    <>
      <PageHead title="Account settings" />
      <Answer of={loaded} rows={6}>
        {({ account: found }) =>
          found === null ? null : (
            <div className="sections settings">
              <Section title="About">
                <Facts
                  facts={[
                    [
                      'Tag',
                      <span key="tag" className="copied">
                        <code>{found.tag}</code>
                        <CopyButton text={found.tag} label="Copy tag" />
                      </span>,
                    ],
                    ['Created', <Time key="at" at={found.createdAt} />],
                    ['Gateways', quota(found.quotas.gateways, formatCount)],
                    ['Requests a month', quota(found.quotas.requestsPerMonth, formatCount)],
                    ['Bodies of logs', quota(found.quotas.logStorageBytes, formatBytes)],
                  ]}
                />
              </Section>
              {account.can('ACCOUNT_EDIT') ? <Rename name={found.name} /> : null}
              {account.role === 'OWNER' ? <DeleteAccount name={found.name} /> : null}
            </div>
          )
        }
      </Answer>
    </>
  );
}

const quota = <Amount,>(amount: Amount | null, format: (amount: Amount) => string): string =>
  amount === null ? 'no limit' : `at most ${format(amount)}`;

function Rename({ name }: { readonly name: string }) {
  const account = useAccount();
  const say = useToast();
  const [, navigate] = useLocation();
  const [text, setText] = useState(name);
  const rename = useChange(UpdateAccountDocument, ({ updateAccount }) => {
    say(`The account is ${updateAccount.name} now`);
    navigate(accountPath(updateAccount.name, 'settings'), { replace: true });
  });
  return (
    <Section
      title="Name"
      about="Stands in every URL. The former name goes on leading here, and is given to nobody else."
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate({ input: { id: account.id, name: text } });
        }}
      >
        <TextField
          label="Account name"
          value={text}
          onChange={setText}
          error={rename.error}
          path="input.name"
          autoComplete="off"
          required
        />
        <Notice kind="problem" message={messageOf(rename.error, ['input.name'])} />
        <div className="form-actions">
          <Button type="submit" disabled={text === name || text === ''} isBusy={rename.isPending}>
            Rename
          </Button>
        </div>
      </form>
    </Section>
  );
}

function DeleteAccount({ name }: { readonly name: string }) {
  const account = useAccount();
  const say = useToast();
  const [, navigate] = useLocation();
  const [isAsking, setIsAsking] = useState(false);
  const end = useChange(DeleteAccountDocument, () => {
    say(`${name} was deleted`);
    navigate('/');
  });
  return (
    <Section
      title="Delete this account"
      about="All of its gateways stop within a second; its keys, prompts and answers are erased."
      actions={
        <Button kind="danger" onClick={() => setIsAsking(true)}>
          Delete account
        </Button>
      }
    >
      {isAsking ? (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete account"
          typed={name}
          isBusy={end.isPending}
          error={end.error}
          onConfirm={() => end.mutate({ input: { id: account.id, name } })}
          onClose={() => setIsAsking(false)}
        >
          <p>Nobody can bring it back, and its name is never given again.</p>
        </Confirm>
      ) : null}
    </Section>
  );
}
