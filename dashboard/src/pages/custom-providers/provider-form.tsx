/** A custom provider, new or changed. Values of headers are written and never read. */
import { useState } from 'react';
import { Button, IconButton } from '../../components/button.js';
import { SwitchField, TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { useToast } from '../../components/toast.js';
import { CreateCustomProviderDocument, UpdateCustomProviderDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { problemOf } from '../../request-error.js';
import { Notice } from '../../components/notice.js';
import { headersOf, headersProblem, type HeaderRow } from './header-rows.js';
import type { CustomProvider } from './page.js';

interface ProviderFormProps {
  /** null: a new one */
  readonly provider: CustomProvider | null;
  readonly onClose: () => void;
}

export function ProviderForm({ provider, onClose }: ProviderFormProps) {
  const account = useAccount();
  const say = useToast();
  const [slug, setSlug] = useState('');
  const [name, setName] = useState(provider?.name ?? '');
  const [baseUrl, setBaseUrl] = useState(provider?.baseUrl ?? 'https://');
  const [rows, setRows] = useState<readonly HeaderRow[]>([]);
  const [isReplacing, setIsReplacing] = useState(provider === null);
  const done = (verb: string) => (): void => {
    say(`${name} was ${verb}`);
    onClose();
  };
  const create = useChange(CreateCustomProviderDocument, done('added'));
  const update = useChange(UpdateCustomProviderDocument, done('changed'));
  const { error, isPending } = provider === null ? create : update;
  const problem = isReplacing ? headersProblem(rows) : null;
  const send = (): void => {
    const shared = { name, baseUrl, ...(isReplacing ? { headers: headersOf(rows) } : {}) };
    if (provider === null) create.mutate({ input: { accountId: account.id, slug, ...shared } });
    else update.mutate({ input: { id: provider.id, ...shared } });
  };
  return (
    <FormDialog
      title={provider === null ? 'Add custom provider' : `Edit ${provider.name}`}
      action={provider === null ? 'Add provider' : 'Save'}
      paths={['input.slug', 'input.name', 'input.baseUrl', 'input.headers']}
      error={error}
      isBusy={isPending}
      isReady={problem === null && name.trim() !== '' && (provider !== null || slug !== '')}
      onSubmit={send}
      onClose={onClose}
    >
      {provider === null ? (
        <TextField
          label="Slug"
          hint="Stands in URLs behind custom-, and stays as it is: a to z, 0 to 9 and -"
          value={slug}
          onChange={setSlug}
          error={error}
          path="input.slug"
          autoComplete="off"
          autoFocus
          required
        />
      ) : null}
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        error={error}
        path="input.name"
        autoComplete="off"
        required
      />
      <TextField
        label="Base URL"
        hint="https://, at a public address; what follows the provider in a request's URL is added to it"
        value={baseUrl}
        onChange={setBaseUrl}
        error={error}
        path="input.baseUrl"
        autoComplete="off"
        required
      />
      {provider === null ? null : (
        <SwitchField
          label="Replace the headers"
          hint={`It has ${provider.headerNames.length === 0 ? 'none' : provider.headerNames.join(', ')}. Another base URL needs them again.`}
          isOn={isReplacing}
          onChange={setIsReplacing}
        />
      )}
      {isReplacing ? <HeaderRows rows={rows} onChange={setRows} /> : null}
      <Notice kind="problem" message={problem ?? problemOf(error, 'input.headers')} />
    </FormDialog>
  );
}

interface HeaderRowsProps {
  readonly rows: readonly HeaderRow[];
  readonly onChange: (rows: readonly HeaderRow[]) => void;
}

function HeaderRows({ rows, onChange }: HeaderRowsProps) {
  return (
    <div className="header-rows">
      {rows.map((row, index) => (
        // rows have no name of their own but the one that is being typed
        <div key={index} className="header-row">
          <TextField
            label={`Header ${index + 1}`}
            value={row.name}
            onChange={(name) => onChange(rows.with(index, { ...row, name }))}
            placeholder="authorization"
            autoComplete="off"
          />
          <TextField
            label={`Value ${index + 1}`}
            type="password"
            value={row.value}
            onChange={(value) => onChange(rows.with(index, { ...row, value }))}
            autoComplete="off"
          />
          <IconButton
            icon="trash"
            label={`Remove header ${index + 1}`}
            onClick={() => onChange(rows.toSpliced(index, 1))}
          />
        </div>
      ))}
      <div>
        <Button icon="plus" onClick={() => onChange([...rows, { name: '', value: '' }])}>
          Add header
        </Button>
      </div>
      <p className="field-note">Sent with every call; their values are sealed and never shown again.</p>
    </div>
  );
}
