/** One token: all that is known of it, and what can be done with it. */
import { useState } from 'react';
import { Badge } from '../../components/badge.js';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { Drawer } from '../../components/dialog.js';
import { Facts } from '../../components/facts.js';
import { SelectField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Time } from '../../components/time.js';
import { useToast } from '../../components/toast.js';
import { RevokeApiTokenDocument, RotateApiTokenDocument, UpdateApiTokenDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { Expiry, type NewSecret, type Token } from './page.js';
import { permissionLabel } from './permissions.js';
import { TOKEN_PATHS, TokenFields } from './token-fields.js';
import { isTokenReady, tokenChanges, tokenFormOf } from './token-form.js';

interface TokenDrawerProps {
  readonly token: Token;
  readonly onSecret: (made: NewSecret) => void;
  readonly onClose: () => void;
}

export function TokenDrawer({ token, onSecret, onClose }: TokenDrawerProps) {
  const [doing, setDoing] = useState<'edit' | 'rotate' | 'revoke' | null>(null);
  const close = (): void => setDoing(null);
  const actions = (
    <>
      <Button kind="danger" onClick={() => setDoing('revoke')}>
        Revoke
      </Button>
      <Button onClick={() => setDoing('rotate')}>Rotate</Button>
      <Button onClick={() => setDoing('edit')}>Edit</Button>
    </>
  );
  return (
    <Drawer title={token.name} onClose={onClose} {...(token.revokedAt === null ? { actions } : {})}>
      <TokenFacts token={token} />
      {doing === 'edit' ? <EditToken token={token} onClose={close} /> : null}
      {doing === 'rotate' ? <RotateToken token={token} onSecret={onSecret} onClose={close} /> : null}
      {doing === 'revoke' ? <RevokeToken token={token} onDone={onClose} onClose={close} /> : null}
    </Drawer>
  );
}

function TokenFacts({ token }: { readonly token: Token }) {
  const { gateways, cidrs, lastUsedAt, retiredUntil, revokedAt } = token;
  return (
    <Facts
      facts={[
        ['Token', <code key="prefix">{token.prefix}…</code>],
        [
          'Permissions',
          <span key="permissions" className="badges">
            {token.permissions.map((permission) => (
              <Badge key={permission}>{permissionLabel(permission)}</Badge>
            ))}
          </span>,
        ],
        ['Gateways', gateways === null ? 'all' : gateways.map(({ name }) => name).join(', ') || 'none any more'],
        ['From addresses', cidrs === null ? 'any' : cidrs.join(', ')],
        ['Expires', <Expiry key="expires" token={token} />],
        ['Last used', lastUsedAt === null ? 'never' : <Time key="used" at={lastUsedAt} />],
        ['Created', <Time key="created" at={token.createdAt} />],
        retiredUntil === null ? null : ['Former secret works until', <Time key="retired" at={retiredUntil} />],
        revokedAt === null ? null : ['Revoked', <Time key="revoked" at={revokedAt} />],
      ]}
    />
  );
}

function EditToken({ token, onClose }: { readonly token: Token; readonly onClose: () => void }) {
  const say = useToast();
  const [before] = useState(() => tokenFormOf(token));
  const [form, setForm] = useState(before);
  const update = useChange(UpdateApiTokenDocument, () => {
    say('The token was changed');
    onClose();
  });
  return (
    <FormDialog
      title={`Edit ${token.name}`}
      action="Save"
      paths={TOKEN_PATHS}
      error={update.error}
      isBusy={update.isPending}
      isReady={isTokenReady(form)}
      onSubmit={() => update.mutate({ input: { id: token.id, ...tokenChanges(before, form) } })}
      onClose={onClose}
    >
      <TokenFields form={form} onChange={setForm} error={update.error} />
    </FormDialog>
  );
}

const GRACES = [
  { value: '86400', label: 'For a day' },
  { value: '3600', label: 'For an hour' },
  { value: '604800', label: 'For 7 days' },
  { value: '2592000', label: 'For 30 days' },
  { value: '0', label: 'Not at all: it ends now' },
] as const;

interface RotateTokenProps extends Pick<TokenDrawerProps, 'token' | 'onSecret'> {
  readonly onClose: () => void;
}

function RotateToken({ token, onSecret, onClose }: RotateTokenProps) {
  const [grace, setGrace] = useState<string>('86400');
  const rotate = useChange(RotateApiTokenDocument, ({ rotateApiToken: { secret } }) => {
    onSecret({ title: `New secret of ${token.name}`, secret });
    onClose();
  });
  return (
    <FormDialog
      title={`Rotate ${token.name}`}
      action="Make a new secret"
      paths={['input.graceSeconds']}
      error={rotate.error}
      isBusy={rotate.isPending}
      onSubmit={() => rotate.mutate({ input: { id: token.id, graceSeconds: Number(grace) } })}
      onClose={onClose}
    >
      <SelectField
        label="The present secret goes on working"
        hint="Time to give the new one to all that use it. A former one that still works ends now."
        value={grace}
        options={GRACES}
        onChange={setGrace}
        error={rotate.error}
        path="input.graceSeconds"
      />
    </FormDialog>
  );
}

interface RevokeTokenProps {
  readonly token: Token;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

function RevokeToken({ token, onDone, onClose }: RevokeTokenProps) {
  const say = useToast();
  const revoke = useChange(RevokeApiTokenDocument, () => {
    say('The token was revoked');
    onDone();
  });
  return (
    <Confirm
      title={`Revoke ${token.name}?`}
      action="Revoke token"
      isBusy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: token.id })}
      onClose={onClose}
    >
      <p>Whoever uses it is refused from now on, for good.</p>
    </Confirm>
  );
}
