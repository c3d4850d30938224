/** Names out of a path or a header on their way into a host: only such as can be no other host. */
import { TARGET_VALUE } from '../../schema/contracts/providers.js';

/** `text` in the one spelling that stored keys have; null: it can be no target. */
export function targetValue(text: string): string | null {
  const value = text.toLowerCase();
  return TARGET_VALUE.test(value) ? value : null;
}
