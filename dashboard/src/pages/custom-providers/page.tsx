/** Providers of the account's own, which every one of its gateways can call. */
import { useState } from 'react';
import { Answer } from '../../components/answer.js';
import { Button, IconButton } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { EmptyState } from '../../components/empty-state.js';
import { PageHead } from '../../components/page-head.js';
import { Pagination, usePageCursor } from '../../components/pagination.js';
import { Table, type Column } from '../../components/table.js';
import { useToast } from '../../components/toast.js';
import { CustomProvidersDocument, DeleteCustomProviderDocument, type CustomProvidersQuery } from '../../gql/graphql.js';
import { useChange, useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { ProviderForm } from './provider-form.js';

export type CustomProvider = NonNullable<CustomProvidersQuery['account']>['customProviders']['edges'][number]['node'];
type Doing = { readonly kind: 'add' } | { readonly kind: 'edit' | 'delete'; readonly provider: CustomProvider };

export function CustomProvidersPage() {
  const account = useAccount();
  const after = usePageCursor();
  const [doing, setDoing] = useState<Doing | null>(null);
  const providers = useOperation(CustomProvidersDocument, { account: account.name, after });
  const close = (): void => setDoing(null);
  const add = account.can('AI_GATEWAY_EDIT') ? (
    <Button kind="primary" icon="plus" onClick={() => setDoing({ kind: 'add' })}>
      Add provider
    </Button>
  ) : null;
  return (
    <>
      <PageHead
        title="Custom providers"
        about="Any HTTP API at a public address, under the name custom-… of every gateway."
        actions={add}
      />
      <Answer of={providers} rows={4}>
        {({ account: found }) =>
          found === null ? null : (
            <>
              {found.customProviders.edges.length === 0 ? (
                <EmptyState title="No custom providers" action={add}>
                  <p>A model server of your own, or a provider that Tollgate does not know by name.</p>
                </EmptyState>
              ) : (
                <ProviderList rows={found.customProviders.edges.map(({ node }) => node)} onDo={setDoing} />
              )}
              <Pagination ends={found.customProviders.pageInfo} />
            </>
          )
        }
      </Answer>
      {doing?.kind === 'add' ? <ProviderForm provider={null} onClose={close} /> : null}
      {doing?.kind === 'edit' ? <ProviderForm provider={doing.provider} onClose={close} /> : null}
      {doing?.kind === 'delete' ? <DeleteProvider provider={doing.provider} onClose={close} /> : null}
    </>
  );
}

interface ProviderListProps {
  readonly rows: readonly CustomProvider[];
  readonly onDo: (doing: Doing) => void;
}

function ProviderList({ rows, onDo }: ProviderListProps) {
  const canEdit = useAccount().can('AI_GATEWAY_EDIT');
  const columns: readonly Column<CustomProvider>[] = [
    { key: 'name', label: 'Name', cell: ({ name }) => <strong className="breaks">{name}</strong> },
    { key: 'slug', label: 'In URLs', cell: ({ slug }) => <code className="breaks">custom-{slug}</code> },
    { key: 'url', label: 'Base URL', isMinor: true, cell: ({ baseUrl }) => <span className="breaks">{baseUrl}</span> },
    {
      key: 'headers',
      label: 'Headers added',
      isMinor: true,
      cell: ({ headerNames }) =>
        headerNames.length === 0 ? <span className="muted">none</span> : headerNames.join(', '),
    },
  ];
  const actions: Column<CustomProvider> = {
    key: 'actions',
    label: <span className="visually-hidden">Actions</span>,
    cell: (provider) => (
      <div className="row-actions">
        <Button kind="quiet" aria-label={`Edit ${provider.name}`} onClick={() => onDo({ kind: 'edit', provider })}>
          Edit
        </Button>
        <IconButton icon="trash" label={`Delete ${provider.name}`} onClick={() => onDo({ kind: 'delete', provider })} />
      </div>
    ),
  };
  return (
    <Table
      label="Custom providers"
      columns={canEdit ? [...columns, actions] : columns}
      rows={rows}
      keyOf={({ id }) => id}
    />
  );
}

interface DeleteProviderProps {
  readonly provider: CustomProvider;
  readonly onClose: () => void;
}

function DeleteProvider({ provider, onClose }: DeleteProviderProps) {
  const say = useToast();
  const end = useChange(DeleteCustomProviderDocument, () => {
    say(`${provider.name} was deleted`);
    onClose();
  });
  return (
    <Confirm
      title={`Delete ${provider.name}?`}
      action="Delete provider"
      isBusy={end.isPending}
      error={end.error}
      onConfirm={() => end.mutate({ id: provider.id })}
      onClose={onClose}
    >
      <p>
        Requests to <code>custom-{provider.slug}</code> are answered with 400 from now on, and its headers are erased.
      </p>
    </Confirm>
  );
}
