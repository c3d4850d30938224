import fc from 'fast-check';
import { expect, test } from '@jest/globals';
import {
  exactUsd,
  formatAgo,
  formatBytes,
  formatCompact,
  formatCount,
  formatDuration,
  formatLocal,
  formatShare,
  formatUsd,
  formatUtc,
  shareOf,
} from '../../../dashboard/src/format.js';

test.each([
  ['0', '$0'],
  ['1', '$1.00'],
  ['1234.565', '$1,234.57'],
  ['0.5', '$0.50'],
  ['0.0123', '$0.0123'],
  ['0.09', '$0.09'],
  ['0.00000123456', '$0.00000123'],
  ['0.000000000001', '$0.000000000001'],
  ['-12.5', '−$12.50'],
  ['12345678901234567890.1', '$12,345,678,901,234,567,890.10'],
])('the amount %s is shown as %s', (usd, shown) => {
  expect(formatUsd(usd)).toBe(shown);
});

test('an unknown amount is not nothing, and the exact one has all its digits', () => {
  expect(formatUsd(null)).toBe('–');
  expect(exactUsd('0.000000000001')).toBe('0.000000000001 USD');
});

test('no amount that was paid is shown as nothing, and none is off by more than half of its last digit', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n }), (pico) => {
      const digits = pico.toString().padStart(13, '0');
      const shown = formatUsd(`${digits.slice(0, -12)}.${digits.slice(-12)}`).replaceAll(/[$,]/g, '');
      const [whole = '', fraction = ''] = shown.split('.');
      const value = BigInt(whole + fraction.padEnd(12, '0'));
      const unit = 10n ** BigInt(12 - fraction.length);
      const off = value > pico ? value - pico : pico - value;
      expect(value > 0n || pico < 5n * 10n ** 9n).toBe(true);
      // zeros behind the point may have been taken away from a small amount: its digits are three significant ones
      expect(off * 2n <= unit || off * 100n <= pico).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each([
  [null, '–'],
  [0, '0%'],
  [1, '100%'],
  [0.9997, '99.97%'],
  [0.99999, '99.99%'],
  [0.1234, '12.3%'],
  [0.001, '0.1%'],
])('the share %s is shown as %s', (share, shown) => {
  expect(formatShare(share)).toBe(shown);
});

test('a share of nothing is none', () => {
  expect(shareOf('0', '0')).toBeNull();
  expect(shareOf('1', '4')).toBe(0.25);
});

test('counts of any size are grouped, or shortened', () => {
  expect(formatCount('12345678901234567890')).toBe('12,345,678,901,234,567,890');
  expect(formatCount(999)).toBe('999');
  expect(formatCompact('1234567')).toBe('1.23M');
  expect(formatCompact('42')).toBe('42');
});

test.each([
  [null, '–'],
  [0.4, '0.4 ms'],
  [840, '840 ms'],
  [1_240, '1.24 s'],
  [125_000, '2 min 5 s'],
])('the duration %s is shown as %s', (ms, shown) => {
  expect(formatDuration(ms)).toBe(shown);
});

test('bytes are told in powers of 1024', () => {
  expect([0, 1_023, 1_536, 1_048_576].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '1 MiB']);
});

test('times are told in UTC exactly, here to the second, and as an age', () => {
  const at = new Date('2026-11-28T16:05:09.123Z');
  expect(formatUtc(at)).toBe('2026-11-28 16:05:09.123 UTC');
  const here = new Date(2026, 10, 28, 16, 5, 9);
  expect(formatLocal(here, here)).toBe('Nov 28, 16:05:09');
  expect(formatLocal(here, new Date(2027, 0, 1))).toBe('Nov 28 2026, 16:05:09');
  const later = (seconds: number): Date => new Date(here.getTime() + seconds * 1_000);
  expect([10, 300, 7_200, 172_800].map((seconds) => formatAgo(here, later(seconds)))).toEqual([
    'just now',
    '5 min ago',
    '2 h ago',
    '2 d ago',
  ]);
});
