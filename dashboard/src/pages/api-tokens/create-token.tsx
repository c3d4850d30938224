/** Makes a token; its secret is handed on, to be shown once. */
import { useState } from 'react';
import { FormDialog } from '../../components/form-dialog.js';
import { CreateApiTokenDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import type { NewSecret } from './page.js';
import { TOKEN_PATHS, TokenFields } from './token-fields.js';
import { isTokenReady, NEW_TOKEN, tokenInputOf } from './token-form.js';

interface CreateTokenProps {
  readonly onSecret: (made: NewSecret) => void;
  readonly onClose: () => void;
}

export function CreateToken({ onSecret, onClose }: CreateTokenProps) {
  const account = useAccount();
  const [form, setForm] = useState(NEW_TOKEN);
  const create = useChange(CreateApiTokenDocument, ({ createApiToken: { secret, token } }) =>
    onSecret({ title: `Token ${token.name}`, secret }),
  );
  return (
    <FormDialog
      title="Create token"
      action="Create token"
      paths={TOKEN_PATHS}
      error={create.error}
      isBusy={create.isPending}
      isReady={isTokenReady(form)}
      onSubmit={() => create.mutate({ input: { accountId: account.id, ...tokenInputOf(form) } })}
      onClose={onClose}
    >
      <TokenFields form={form} onChange={setForm} error={create.error} />
    </FormDialog>
  );
}
