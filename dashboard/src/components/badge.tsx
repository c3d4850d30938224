/** A word with a colour; the word alone says it all. */
import type { ReactNode } from 'react';

export type BadgeKind = 'neutral' | 'good' | 'warning' | 'bad' | 'accent';

export function Badge({ kind = 'neutral', children }: { readonly kind?: BadgeKind; readonly children: ReactNode }) {
  return <span className={`badge badge-${kind}`}>{children}</span>;
}

/** An HTTP status, coloured by its class. */
export function StatusBadge({ status }: { readonly status: number }) {
  const kind = status < 300 ? 'good' : status < 400 ? 'neutral' : status < 500 ? 'warning' : 'bad';
  return <Badge kind={kind}>{status}</Badge>;
}
