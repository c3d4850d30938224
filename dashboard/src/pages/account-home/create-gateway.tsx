/** Makes a gateway and goes to it. */
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Button } from '../../components/button.js';
import { Dialog } from '../../components/dialog.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { gatewayNameProblem } from '../../gateway-name.js';
import { CreateGatewayDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { gatewayPath } from '../../paths.js';
import { messageOf } from '../../request-error.js';
import { useAccount } from '../../shell/account.js';

const FIELDS = ['input.name', 'input.description'];

export function CreateGateway({ onClose }: { readonly onClose: () => void }) {
  const account = useAccount();
  const [, navigate] = useLocation();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const create = useChange(CreateGatewayDocument, (made) =>
    navigate(gatewayPath(account.name, made.createGateway.name)),
  );
  const problem = gatewayNameProblem(name);
  const send = (): void => {
    const text = description.trim();
    create.mutate({ input: { accountId: account.id, name, description: text === '' ? null : text } });
  };
  return (
    <Dialog title="Create gateway" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (problem === null) send();
        }}
      >
        <TextField
          label="Name"
          hint="Stands in its URL, and stays as it is"
          value={name}
          onChange={setName}
          problem={problem}
          error={create.error}
          path="input.name"
          autoComplete="off"
          autoFocus
          required
        />
        <TextField
          label="Description"
          hint="What it is for, in your own words; may be left out"
          value={description}
          onChange={setDescription}
          error={create.error}
          path="input.description"
        />
        <Notice kind="problem" message={messageOf(create.error, FIELDS)} />
        <div className="modal-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={name === '' || problem !== null} isBusy={create.isPending}>
            Create gateway
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
