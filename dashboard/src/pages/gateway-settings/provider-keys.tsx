/** Keys of providers that the gateway holds: written, replaced and deleted, and never read again. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button, IconButton } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { EmptyState } from '../../components/empty-state.js';
import { TextAreaField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { Section } from '../../components/section.js';
import { Table, type Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import { useToast } from '../../components/toast.js';
import {
  DeleteProviderKeyDocument,
  GatewayKeysDocument,
  RotateProviderKeyDocument,
  type GatewayKeysQuery,
} from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import { AddProviderKey } from './add-provider-key.js';

type Keys = NonNullable<NonNullable<GatewayKeysQuery['account']>['gateway']>['providerKeys'];
type Key = Keys['edges'][number]['node'];
type Doing = { readonly kind: 'add' } | { readonly kind: 'replace' | 'delete'; readonly key: Key };

export function ProviderKeys() {
  const account = useAccount();
  const gateway = useGateway();
  const after = usePageCursor();
  const [doing, setDoing] = useState<Doing | null>(null);
  const keys = useOperation(GatewayKeysDocument, { account: account.name, gateway: gateway.name, after });
  const canEdit = account.can('AI_GATEWAY_EDIT');
  const close = (): void => setDoing(null);
  const add = canEdit ? (
    <Button kind="primary" icon="plus" onClick={() => setDoing({ kind: 'add' })}>
      Add key
    </Button>
  ) : null;
  return (
    <Section
      title="Provider keys"
      about="Used for requests with an API token that may run here, and sent to the address of their provider alone."
      actions={add}
    >
      <Answer of={keys}>
        {({ account: found }) => (
          <>
            <KeyList
              keys={found?.gateway?.providerKeys.edges.map(({ node }) => node) ?? []}
              onDo={canEdit ? setDoing : null}
            />
            {found?.gateway === null || found?.gateway === undefined ? null : (
              <Pagination ends={found.gateway.providerKeys.pageInfo} />
            )}
            {doing?.kind === 'add' ? (
              <AddProviderKey
                gatewayId={gateway.id}
                customSlugs={found?.customProviders.edges.map(({ node }) => node.slug) ?? []}
                onClose={close}
              />
            ) : null}
          </>
        )}
      </Answer>
      {doing?.kind === 'replace' ? <ReplaceKey of={doing.key} onClose={close} /> : null}
      {doing?.kind === 'delete' ? <DeleteKey of={doing.key} onClose={close} /> : null}
    </Section>
  );
}

const nameOf = ({ provider, alias }: Key): string => `${provider} / ${alias}`;

function KeyList({ keys, onDo }: { readonly keys: readonly Key[]; readonly onDo: ((doing: Doing) => void) | null }) {
  if (keys.length === 0) {
    return (
      <EmptyState title="No keys stored">
        <p>
          Clients send their own provider key with each request. Store one here, and they need only an API token of this
          account, in <code>cf-aig-authorization</code>.
        </p>
      </EmptyState>
    );
  }
  const columns: readonly Column<Key>[] = [
    { key: 'provider', label: 'Provider', cell: ({ provider }) => provider },
    { key: 'alias', label: 'Alias', cell: ({ alias }) => <code>{alias}</code> },
    { key: 'key', label: 'Key', cell: ({ lastFour }) => <code className="nowrap">…{lastFour}</code> },
    {
      key: 'origin',
      label: 'Sent to',
      isMinor: true,
      cell: ({ origin, target }) => (
        <span className="breaks" title={JSON.stringify(target)}>
          {origin}
        </span>
      ),
    },
    { key: 'version', label: 'Version', isNumber: true, isMinor: true, cell: ({ version }) => version },
    { key: 'created', label: 'Stored', isMinor: true, cell: ({ createdAt }) => <Time at={createdAt} isAge /> },
  ];
  const actions: Column<Key> = {
    key: 'actions',
    label: <span className="visually-hidden">Actions</span>,
    cell: (key) => (
      <div className="row-actions">
        <Button kind="quiet" aria-label={`Replace ${nameOf(key)}`} onClick={() => onDo?.({ kind: 'replace', key })}>
          Replace
        </Button>
        <IconButton icon="trash" label={`Delete ${nameOf(key)}`} onClick={() => onDo?.({ kind: 'delete', key })} />
      </div>
    ),
  };
  return (
    <Table
      label="Provider keys"
      columns={onDo === null ? columns : [...columns, actions]}
      rows={keys}
      keyOf={({ id }) => id}
    />
  );
}

function ReplaceKey({ of, onClose }: { readonly of: Key; readonly onClose: () => void }) {
  const say = useToast();
  const [secret, setSecret] = useState('');
  const rotate = useChange(RotateProviderKeyDocument, ({ rotateProviderKey }) => {
    say(`The key ends in ${rotateProviderKey.lastFour} now`);
    onClose();
  });
  return (
    <FormDialog
      title={`Replace ${nameOf(of)}`}
      action="Replace key"
      paths={['input.secret']}
      error={rotate.error}
      isBusy={rotate.isPending}
      isReady={secret.trim() !== ''}
      onSubmit={() => rotate.mutate({ input: { id: of.id, secret: secret.trim() } })}
      onClose={onClose}
    >
      <SecretField value={secret} onChange={setSecret} error={rotate.error} />
    </FormDialog>
  );
}

/** Some are JSON of several lines. */
export function SecretField(props: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly error: unknown;
}) {
  return (
    <TextAreaField
      {...props}
      label="Key"
      hint="Sealed as it comes in: only its last four characters are shown again"
      path="input.secret"
      rows={3}
      autoComplete="off"
      spellCheck={false}
      required
    />
  );
}

function DeleteKey({ of, onClose }: { readonly of: Key; readonly onClose: () => void }) {
  const say = useToast();
  const end = useChange(DeleteProviderKeyDocument, () => {
    say('The key was deleted');
    onClose();
  });
  return (
    <Confirm
      title={`Delete ${nameOf(of)}?`}
      action="Delete key"
      isBusy={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate({ id: of.id })}
      onClose={onClose}
    >
      <p>
        Requests that relied on it are refused by the provider from now on. It cannot be brought back: it is erased.
      </p>
    </Confirm>
  );
}
