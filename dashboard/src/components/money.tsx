/** An amount, with every digit of it on hover. */
import { exactUsd, formatUsd } from '../format.js';

/** null: unknown, because the model has no price. */
export function Money({ usd }: { readonly usd: string | null }) {
  return (
    <span className="money" title={usd === null ? 'Unknown: there is no price for it' : exactUsd(usd)}>
      {formatUsd(usd)}
    </span>
  );
}
