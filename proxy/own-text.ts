/**
 * The same text in memory of its own. A piece of a longer text keeps all of that text: one header's value as a key that
 * stays would keep the whole head of its request.
 */
export const ownText = (text: string): string => Buffer.from(text, 'utf16le').toString('utf16le');
