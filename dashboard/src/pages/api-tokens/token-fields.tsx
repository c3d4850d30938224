/** What a token may do, where, from where and until when: the same fields for a new one and for one that is changed. */
import { Choices } from '../../components/choices.js';
import { SelectField, TextAreaField, TextField } from '../../components/field.js';
import { Answer } from '../../components/answer.js';
import { TokenGatewaysDocument } from '../../gql/graphql.js';
import { useOperation } from '../../operations.js';
import { useAccount } from '../../shell/account.js';
import { PERMISSIONS } from './permissions.js';
import type { TokenForm } from './token-form.js';

export const TOKEN_PATHS = ['input.name', 'input.permissions', 'input.gatewayIds', 'input.cidrs', 'input.expiresAt'];

interface TokenFieldsProps {
  readonly form: TokenForm;
  readonly onChange: (form: TokenForm) => void;
  readonly error: unknown;
}

export function TokenFields({ form, onChange, error }: TokenFieldsProps) {
  const account = useAccount();
  const gateways = useOperation(TokenGatewaysDocument, { account: account.name });
  const set = (changes: Partial<TokenForm>): void => onChange({ ...form, ...changes });
  return (
    <>
      <TextField
        label="Name"
        hint="Who or what it is for"
        value={form.name}
        onChange={(name) => set({ name })}
        error={error}
        path="input.name"
        maxLength={128}
        autoComplete="off"
        autoFocus
        required
      />
      <Choices
        label="Permissions"
        // nobody can grant what he does not hold, to run aside; what he unticks he may not be able to tick again
        choices={PERMISSIONS.filter(
          ({ value }) => value === 'AI_GATEWAY_RUN' || account.can(value) || form.permissions.includes(value),
        )}
        chosen={form.permissions}
        onChange={(permissions) => set({ permissions })}
        error={error}
        path="input.permissions"
      />
      <SelectField
        label="Gateways"
        value={form.isLimited ? 'some' : 'all'}
        options={[
          { value: 'all', label: 'All of the account, those to come too' },
          { value: 'some', label: 'Only those that are chosen' },
        ]}
        onChange={(chosen) => set({ isLimited: chosen === 'some' })}
      />
      {form.isLimited ? (
        <Answer of={gateways} rows={2}>
          {({ account: found }) => (
            <Choices
              label="Chosen gateways"
              choices={(found?.gateways.edges ?? []).map(({ node }) => ({ value: node.id, label: node.name }))}
              chosen={form.gatewayIds}
              onChange={(gatewayIds) => set({ gatewayIds })}
              error={error}
              path="input.gatewayIds"
            />
          )}
        </Answer>
      ) : null}
      <TextAreaField
        label="From these addresses only"
        hint="An IP address or network a line, such as 10.0.0.0/8; empty: from anywhere"
        value={form.cidrs}
        onChange={(cidrs) => set({ cidrs })}
        error={error}
        path="input.cidrs"
        rows={2}
        spellCheck={false}
      />
      <TextField
        type="datetime-local"
        label="Expires"
        hint="In your time zone; empty: never"
        value={form.expires}
        onChange={(expires) => set({ expires })}
        error={error}
        path="input.expiresAt"
      />
    </>
  );
}
