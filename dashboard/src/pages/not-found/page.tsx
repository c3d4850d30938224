/** Where nothing is, or nothing that the viewer may see: which of them, nobody is told. */
import { ButtonLink } from '../../components/button.js';
import { EmptyState } from '../../components/empty-state.js';

export function NotFoundPage() {
  return (
    <div className="centred">
      <title>Not found · Tollgate</title>
      <EmptyState title="There is nothing here" action={<ButtonLink href="/">To the start</ButtonLink>}>
        <p>It was deleted or renamed, or it is in an account that you are not in.</p>
      </EmptyState>
    </div>
  );
}
