/**
 * The keys under which policies are held, as requests ask for them. A text that is joined anew has to be hashed anew
 * before anything is found by it; most requests of an account name the gateway that the one before them named, so its
 * key is kept.
 */
import { ownText } from '../own-text.js';
import { policyCacheKey, type AccountEntry } from './policy-stores.js';

interface LastKey {
  readonly gatewayName: string;
  readonly key: string;
}

export class PolicyKeys {
  /** one for each account that is held, gone with it */
  private readonly last = new WeakMap<AccountEntry, LastKey>();

  of(account: AccountEntry, gatewayName: string): string {
    const last = this.last.get(account);
    if (last?.gatewayName === gatewayName) return last.key;
    const own = ownText(gatewayName); // a name that nobody knows is kept too
    const key = policyCacheKey(account.accountId, own);
    this.last.set(account, { gatewayName: own, key });
    return key;
  }
}
