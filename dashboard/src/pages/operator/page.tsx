/** For the operator: the accounts of the instance, and how it is. */
import { PageHead } from '../../components/page-head.js';
import { Segments } from '../../components/segments.js';
import { ViewerShell } from '../../shell/viewer-shell.js';
import { useUrlState } from '../../url-state.js';
import { NotFoundPage } from '../not-found/page.js';
import { Accounts } from './accounts.js';
import { Health } from './health.js';
import { PasswordReset } from './password-reset.js';

const PARTS = [
  { value: 'accounts', label: 'Accounts' },
  { value: 'health', label: 'Health' },
] as const;

export function OperatorPage() {
  return <ViewerShell>{({ isOperator }) => (isOperator ? <Operator /> : <NotFoundPage />)}</ViewerShell>;
}

function Operator() {
  const url = useUrlState();
  const part = url.get('part') === 'health' ? 'health' : 'accounts';
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
              onChange={(chosen) => url.set({ part: chosen === 'health' ? chosen : null, search: null, after: null })}
            />
            {part === 'accounts' ? <PasswordReset /> : null}
          </>
        }
      />
      {part === 'health' ? <Health /> : <Accounts />}
    </>
  );
}
