/** The end of a gateway, once its name was typed. */
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Button } from '../../components/button.js';
import { Confirm } from '../../components/confirm.js';
import { Section } from '../../components/section.js';
import { useToast } from '../../components/toast.js';
import { DeleteGatewayDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { accountPath } from '../../paths.js';
import { useAccount } from '../../shell/account.js';
import type { LoadedGateway } from './settings-draft.js';

export function DangerZone({ gateway }: { readonly gateway: LoadedGateway }) {
  const account = useAccount();
  const say = useToast();
  const [, navigate] = useLocation();
  const [isAsking, setIsAsking] = useState(false);
  const end = useChange(DeleteGatewayDocument, () => {
    say(`${gateway.name} was deleted`);
    navigate(accountPath(account.name));
  });
  return (
    <Section
      title="Delete this gateway"
      about="It stops within a second, and its stored keys are erased. Its usage stays in the account's sums."
      actions={
        <Button kind="danger" onClick={() => setIsAsking(true)}>
          Delete gateway
        </Button>
      }
    >
      {isAsking ? (
        <Confirm
          title={`Delete ${gateway.name}?`}
          action="Delete gateway"
          typed={gateway.name}
          isBusy={end.isPending}
          error={end.error}
          onConfirm={() => end.mutate({ id: gateway.id })}
          onClose={() => setIsAsking(false)}
        >
          <p>
            Requests to it are answered with 400 from now on, and its provider keys are gone for good. The name may be
            used again, by a gateway with a history of its own.
          </p>
        </Confirm>
      ) : null}
    </Section>
  );
}
