/** The signed-in user's own page: where he is signed in, and his password. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { PageHead } from '../../components/page-head.js';
import { Section } from '../../components/section.js';
import { useToast } from '../../components/toast.js';
import { usePageCursor } from '../../components/pagination.js';
import { ChangePasswordDocument, ProfileDocument } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { messageOf } from '../../request-error.js';
import { ViewerShell } from '../../shell/viewer-shell.js';
import { Sessions } from './sessions.js';

export function ProfilePage() {
  return <ViewerShell>{({ email }) => <Profile email={email} />}</ViewerShell>;
}

function Profile({ email }: { readonly email: string | null }) {
  const after = usePageCursor();
  const profile = useOperation(ProfileDocument, { after });
  return (
    <>
      <PageHead title="You" about={email} />
      <Answer of={profile} rows={6}>
        {({ viewer }) => (
          <div className="sections">
            <Sessions sessions={viewer.sessions} />
            {viewer.hasPassword ? (
              <ChangePassword />
            ) : (
              <Section title="Password" about="You have none here: you sign in with your organisation." />
            )}
          </div>
        )}
      </Answer>
    </>
  );
}

const PATHS = ['input.currentPassword', 'input.newPassword'];

function ChangePassword() {
  const say = useToast();
  const [current, setCurrent] = useState('');
  const [wanted, setWanted] = useState('');
  const change = useChange(ChangePasswordDocument, () => {
    setCurrent('');
    setWanted('');
    say('Your password was changed, and your other sessions have ended');
  });
  return (
    <Section title="Password" about="With another one, all your other sessions end.">
      <form
        className="stack narrow"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ input: { currentPassword: current, newPassword: wanted } });
        }}
      >
        <TextField
          label="Present password"
          type="password"
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          error={change.error}
          path="input.currentPassword"
          required
        />
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          hint="At least 8 characters"
          value={wanted}
          onChange={setWanted}
          error={change.error}
          path="input.newPassword"
          required
        />
        <Notice kind="problem" message={messageOf(change.error, PATHS)} />
        <div>
          <Button type="submit" disabled={current === '' || wanted === ''} isBusy={change.isPending}>
            Change password
          </Button>
        </div>
      </form>
    </Section>
  );
}
