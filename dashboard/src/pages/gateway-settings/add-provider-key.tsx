/** Stores a provider's key, with what it is for where the provider has many addresses. */
import { useState } from 'react';
import { SelectField, TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { useToast } from '../../components/toast.js';
import { CreateProviderKeyDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { PROVIDERS, targetFields } from '../../providers.js';
import { SecretField } from './provider-keys.js';

interface AddProviderKeyProps {
  readonly gatewayId: string;
  /** of the account's own providers */
  readonly customSlugs: readonly string[];
  readonly onClose: () => void;
}

export function AddProviderKey({ gatewayId, customSlugs, onClose }: AddProviderKeyProps) {
  const say = useToast();
  const [provider, setProvider] = useState<string>(PROVIDERS[0]);
  const [alias, setAlias] = useState('default');
  const [secret, setSecret] = useState('');
  const [target, setTarget] = useState<Readonly<Record<string, string>>>({});
  const create = useChange(CreateProviderKeyDocument, () => {
    say('The key is stored');
    onClose();
  });
  const fields = targetFields(provider);
  const providers = [...PROVIDERS, ...customSlugs.map((slug) => `custom-${slug}`)];
  const send = (): void => {
    const wanted = Object.fromEntries(fields.map((field) => [field, target[field] ?? '']));
    create.mutate({ input: { gatewayId, provider, alias, secret: secret.trim(), target: wanted } });
  };
  return (
    <FormDialog
      title="Add provider key"
      action="Store key"
      paths={['input.provider', 'input.alias', 'input.secret', 'input.target']}
      error={create.error}
      isBusy={create.isPending}
      isReady={secret.trim() !== '' && fields.every((field) => (target[field] ?? '') !== '')}
      onSubmit={send}
      onClose={onClose}
    >
      <SelectField
        label="Provider"
        value={provider}
        options={providers.map((value) => ({ value, label: value }))}
        onChange={setProvider}
        error={create.error}
        path="input.provider"
      />
      {fields.map((field) => (
        <TextField
          key={field}
          label={`${field.charAt(0).toUpperCase()}${field.slice(1)}`}
          hint={`The ${field} that the key is for: it is sent nowhere else`}
          value={target[field] ?? ''}
          onChange={(text) => setTarget({ ...target, [field]: text })}
          error={create.error}
          path={`input.target.${field}`}
          autoComplete="off"
          required
        />
      ))}
      <TextField
        label="Alias"
        hint="Requests choose it by cf-aig-byok-alias; default is the one that is used without"
        value={alias}
        onChange={setAlias}
        error={create.error}
        path="input.alias"
        autoComplete="off"
        required
      />
      <SecretField value={secret} onChange={setSecret} error={create.error} />
    </FormDialog>
  );
}
