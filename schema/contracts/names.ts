/** Names that stand in URLs: an account's tag and name, a gateway's name. The database checks the same shapes. */

/** An account's tag: 32 lowercase hex digits, made once, never changed. */
export const ACCOUNT_TAG = /^[0-9a-f]{32}$/;
/** An account's name; one that looks like a tag is refused, so the `{account}` segment is never ambiguous. */
export const ACCOUNT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
/** A gateway's name, unique in its account and fixed after creation. */
export const GATEWAY_NAME = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;

export const isAccountTag = (text: string): boolean => ACCOUNT_TAG.test(text);
export const isAccountName = (text: string): boolean => ACCOUNT_NAME.test(text) && !ACCOUNT_TAG.test(text);
export const isGatewayName = (text: string): boolean => GATEWAY_NAME.test(text);
