/** What the operator does to an account. */
import { useState } from 'react';
import { Confirm } from '../../components/confirm.js';
import { TextField } from '../../components/field.js';
import { FormDialog } from '../../components/form-dialog.js';
import { useToast } from '../../components/toast.js';
import { ResumeAccountDocument, SetAccountQuotasDocument, SuspendAccountDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import type { AccountRow } from './accounts.js';

interface OfAccount {
  readonly account: AccountRow;
  readonly onClose: () => void;
}

const QUOTA_PATHS = ['input.gateways', 'input.requestsPerMonth', 'input.logStorageBytes'];
const COUNT = /^\d{1,18}$/;

export function Quotas({ account, onClose }: OfAccount) {
  const say = useToast();
  const { quotas } = account;
  const [gateways, setGateways] = useState(String(quotas.gateways ?? ''));
  const [requests, setRequests] = useState(quotas.requestsPerMonth ?? '');
  const [bytes, setBytes] = useState(quotas.logStorageBytes ?? '');
  const set = useChange(SetAccountQuotasDocument, () => {
    say(`The quotas of ${account.name} are set`);
    onClose();
  });
  const problem = (text: string): string | null =>
    text.trim() === '' || COUNT.test(text.trim()) ? null : 'Must be a whole number, or empty';
  const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());
  const send = (): void =>
    set.mutate({
      input: {
        accountId: account.id,
        gateways: gateways.trim() === '' ? null : Number(gateways),
        requestsPerMonth: orNull(requests),
        logStorageBytes: orNull(bytes),
      },
    });
  const fields = [
    { label: 'Gateways', hint: 'Empty: no limit', path: 'input.gateways', value: gateways, set: setGateways },
    {
      label: 'Requests a month',
      hint: 'Of the calendar month in UTC; those beyond are answered with 429',
      path: 'input.requestsPerMonth',
      value: requests,
      set: setRequests,
    },
    {
      label: 'Bytes of bodies',
      hint: 'The oldest prompts and answers go first, their logs stay',
      path: 'input.logStorageBytes',
      value: bytes,
      set: setBytes,
    },
  ];
  return (
    <FormDialog
      title={`Quotas of ${account.name}`}
      action="Set quotas"
      paths={QUOTA_PATHS}
      error={set.error}
      isBusy={set.isPending}
      isReady={fields.every(({ value }) => problem(value) === null)}
      onSubmit={send}
      onClose={onClose}
    >
      {fields.map((field) => {
        const wrong = problem(field.value);
        return (
          <TextField
            key={field.path}
            label={field.label}
            hint={field.hint}
            inputMode="numeric"
            value={field.value}
            onChange={field.set}
            error={set.error}
            path={field.path}
            autoComplete="off"
            {...(wrong === null ? {} : { problem: wrong })}
          />
        );
      })}
    </FormDialog>
  );
}

export function Suspend({ account, onClose }: OfAccount) {
  const say = useToast();
  const [reason, setReason] = useState('');
  const suspend = useChange(SuspendAccountDocument, () => {
    say(`${account.name} is suspended`);
    onClose();
  });
  const text = reason.trim();
  return (
    <Confirm
      title={`Suspend ${account.name}?`}
      action="Suspend account"
      isBusy={suspend.isPending}
      error={suspend.error}
      onConfirm={() => suspend.mutate({ input: { accountId: account.id, reason: text === '' ? null : text } })}
      onClose={onClose}
    >
      <div className="stack">
        <p>Its gateways answer with 403 from now on, and its members can only read, until it is resumed.</p>
        <TextField
          label="Reason"
          hint="Its members see it; may be left out"
          value={reason}
          onChange={setReason}
          maxLength={1_024}
          autoComplete="off"
        />
      </div>
    </Confirm>
  );
}

export function Resume({ account, onClose }: OfAccount) {
  const say = useToast();
  const resume = useChange(ResumeAccountDocument, () => {
    say(`${account.name} is resumed`);
    onClose();
  });
  return (
    <Confirm
      title={`Resume ${account.name}?`}
      action="Resume account"
      isBusy={resume.isPending}
      error={resume.error}
      onConfirm={() => resume.mutate({ accountId: account.id })}
      onClose={onClose}
    >
      <p>Its gateways serve again, and its members can change things.</p>
    </Confirm>
  );
}
