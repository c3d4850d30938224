/** Numbers, money and times as people read them. Exact amounts stay strings: no page adds them up. */

const PICO_DIGITS = 12;
const CENT = 2;
/** What is shown of an amount below a cent. */
const SIGNIFICANT_DIGITS = 3;

/** `1234567` → `1,234,567`. Counts of the api are strings, of any size. */
export const formatCount = (count: string | number | bigint): string => grouped(String(count));

const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
/** `1234567` → `1.23M`; small numbers as they are. */
export const formatCompact = (count: string | number): string => COMPACT.format(Number(count));

/** A share from 0 to 1 → `12.3%`; null: there is none, as nothing was counted. */
export function formatShare(share: number | null): string {
  if (share === null) return '–';
  const percent = share * 100;
  // No failure is rounded away: 99.97 % is not 100 %.
  const digits = percent > 99 || percent < 1 ? 2 : 1;
  const rounded = percent > 99 ? Math.floor(percent * 100) / 100 : percent;
  return `${trimZeros(rounded.toFixed(digits))}%`;
}

/** Part of a whole, both counts of the api; null when the whole is nothing. */
export const shareOf = (part: string, whole: string): number | null =>
  whole === '0' ? null : Number(part) / Number(whole);

/** Milliseconds → `840 ms`, `1.24 s`, `2 min 5 s`. */
export function formatDuration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1_000) return `${trimZeros(ms.toFixed(ms < 10 && ms % 1 !== 0 ? 1 : 0))} ms`;
  if (ms < 60_000) return `${trimZeros((ms / 1_000).toFixed(2))} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Bytes → `1.5 MiB`. */
export function formatBytes(bytes: string | number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let amount = Number(bytes);
  let unit = 0;
  while (amount >= 1_024 && unit < units.length - 1) {
    amount /= 1_024;
    unit++;
  }
  return `${trimZeros(amount.toFixed(amount < 10 && unit > 0 ? 1 : 0))} ${units[unit]}`;
}

/**
 * A Decimal of USD → `$1,234.57`, `$0.0123`, `$0.00000123`: cents, or three digits of what is less. Never rounds what
 * was paid to nothing. null: unknown.
 */
export function formatUsd(usd: string | null): string {
  if (usd === null) return '–';
  const isNegative = usd.startsWith('-');
  const [whole = '0', fraction = ''] = (isNegative ? usd.slice(1) : usd).split('.');
  const zeros = /^0*/.exec(fraction)?.[0].length ?? 0;
  const isSmall = BigInt(whole) === 0n && zeros >= CENT - 1 && fraction !== '';
  const digits = isSmall ? Math.min(zeros + SIGNIFICANT_DIGITS, PICO_DIGITS) : CENT;
  const text = rounded(whole, fraction, digits);
  const shown = isSmall ? trimZeros(text) : text;
  return `${isNegative ? '−' : ''}$${shown === '0.00' ? '0' : shown}`;
}

/** A Decimal of USD with every digit that it has. */
export const exactUsd = (usd: string): string => `${usd} USD`;

/** Half up, on the digits themselves: as a number the amount would not be exact. */
function rounded(whole: string, fraction: string, digits: number): string {
  const scaled = BigInt(whole + fraction.padEnd(digits + 1, '0').slice(0, digits + 1));
  const text = ((scaled + 5n) / 10n).toString().padStart(digits + 1, '0');
  return `${grouped(text.slice(0, -digits))}.${text.slice(-digits)}`;
}

const grouped = (digits: string): string => digits.replace(/\B(?=(?:\d{3})+(?!\d))/g, ',');
const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);

const pad = (part: number, length = 2): string => String(part).padStart(length, '0');

/** `2026-11-28 16:05:09.123 UTC`. */
export const formatUtc = (at: Date): string => at.toISOString().replace('T', ' ').replace('Z', ' UTC');

/** In the viewer's zone, to the second: `Nov 28, 16:05:09`, with the year when it is another one. */
export function formatLocal(at: Date, now: Date = new Date()): string {
  const clock = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  const day = `${MONTHS[at.getMonth()]} ${at.getDate()}`;
  return at.getFullYear() === now.getFullYear() ? `${day}, ${clock}` : `${day} ${at.getFullYear()}, ${clock}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `just now`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAgo(at: Date, now: Date = new Date()): string {
  const seconds = Math.round((now.getTime() - at.getTime()) / 1_000);
  if (seconds < 0) return formatLocal(at, now);
  if (seconds < 45) return 'just now';
  if (seconds < 3_570) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}
