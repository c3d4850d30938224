/** Makes cached answers unreachable: all of a gateway's, those of a model, or those of a key. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { useToast } from '../../components/toast.js';
import { PurgeCacheDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';

export function PurgeCache({ gatewayId }: { readonly gatewayId: string }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>Purge cache</Button>
      {isOpen ? <PurgeDialog gatewayId={gatewayId} onClose={() => setIsOpen(false)} /> : null}
    </>
  );
}

function PurgeDialog({ gatewayId, onClose }: { readonly gatewayId: string; readonly onClose: () => void }) {
  const say = useToast();
  const [model, setModel] = useState('');
  const [key, setKey] = useState('');
  const purge = useChange(PurgeCacheDocument, () => {
    say('The cache was purged');
    onClose();
  });
  const what = model === '' && key === '' ? 'everything' : 'what is named';
  return (
    <FormDialog
      title="Purge cache"
      action={`Purge ${what}`}
      paths={['input.model', 'input.key']}
      error={purge.error}
      isBusy={purge.isPending}
      onSubmit={() =>
        purge.mutate({ input: { gatewayId, model: model === '' ? null : model, key: key === '' ? null : key } })
      }
      onClose={onClose}
    >
      <p className="muted">Cached answers are not used any more: the next requests ask the provider, and are billed.</p>
      <TextField
        label="Model"
        hint="As requests or answers name it; empty: of every model"
        value={model}
        onChange={setModel}
        error={purge.error}
        path="input.model"
        autoComplete="off"
      />
      <TextField
        label="Cache key"
        hint="What requests send as cf-aig-cache-key; empty: with any"
        value={key}
        onChange={setKey}
        error={purge.error}
        path="input.key"
        autoComplete="off"
      />
    </FormDialog>
  );
}
