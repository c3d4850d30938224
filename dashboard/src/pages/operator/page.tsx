/** For the operator: the accounts of the instance, how it is, whether its ledger is whole, and its prices. */
import type { ReactNode } from 'react';
import { PageHead } from '../../components/page-head.js';
import { Segments } from '../../components/segments.js';
import { ViewerShell } from '../../shell/viewer-shell.js';
import { useUrlState } from '../../url-state.js';
import { NotFoundPage } from '../not-found/page.js';
import { Accounts } from './accounts.js';
import { Health } from './health.js';
import { ImportPrices } from './import-prices.js';
import { LedgerProof } from './ledger-proof.js';
import { PasswordReset } from './password-reset.js';

const PARTS = [
  { value: 'accounts', label: 'Accounts' },
  { value: 'health', label: 'Health' },
  { value: 'ledger', label: 'Ledger' },
  { value: 'prices', label: 'Prices' },
] as const;
type Part = (typeof PARTS)[number]['value'];

const PAGES: Readonly<Record<Part, () => ReactNode>> = {
  accounts: Accounts,
  health: Health,
  ledger: LedgerProof,
  prices: ImportPrices,
};

export function OperatorPage() {
  return <ViewerShell>{({ isOperator }) => (isOperator ? <Operator /> : <NotFoundPage />)}</ViewerShell>;
}

function Operator() {
  const url = useUrlState();
  const part = PARTS.find(({ value }) => value === url.get('part'))?.value ?? 'accounts';
  const Page = PAGES[part];
  return (
    <>
      <PageHead
        title="Operator"
        actions={
          <>
            <Segments
              label="Part"
              segments={PARTS}
              value={part}
              onChange={(chosen) =>
                url.set({ part: chosen === 'accounts' ? null : chosen, search: null, after: null, day: null })
              }
            />
            {part === 'accounts' ? <PasswordReset /> : null}
          </>
        }
      />
      <Page />
    </>
  );
}
