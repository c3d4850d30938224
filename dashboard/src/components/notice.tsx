/** A sentence that must be seen: what went wrong, or what to know before going on. */
import type { ReactNode } from 'react';

/** Renders nothing while there is nothing to say (null). */
export function Notice({
  kind,
  message,
}: {
  readonly kind: 'problem' | 'warning' | 'info';
  readonly message: ReactNode;
}) {
  if (message === null || message === undefined) return null;
  return (
    <p className={`notice notice-${kind}`} role={kind === 'problem' ? 'alert' : 'status'}>
      {message}
    </p>
  );
}
