/** A moment: in the viewer's zone or as an age, with the exact UTC on hover. */
import { formatAgo, formatLocal, formatUtc } from '../format.js';

export function Time({ at, isAge = false }: { readonly at: string; readonly isAge?: boolean }) {
  const moment = new Date(at);
  return (
    <time dateTime={at} title={formatUtc(moment)}>
      {isAge ? formatAgo(moment) : formatLocal(moment)}
    </time>
  );
}
