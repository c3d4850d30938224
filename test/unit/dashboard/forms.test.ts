import { expect, test } from '@jest/globals';
import { stackedValues, seriesInWords } from '../../../dashboard/src/components/chart-data.js';
import { EventStream } from '../../../dashboard/src/event-stream.js';
import { gatewayNameProblem } from '../../../dashboard/src/gateway-name.js';
import { messageOf, problemOf, RequestError } from '../../../dashboard/src/request-error.js';
import { isGatewayName } from '../../../schema/contracts/names.js';

test('an error is shown at the field that it is about, without its path', () => {
  const error = new RequestError('input.rateLimits.0.limit must be at least 1', {
    code: 'BAD_USER_INPUT',
    field: 'input.rateLimits.0.limit',
  });
  expect(problemOf(error, 'input.rateLimits.0.limit')).toBe('Must be at least 1');
  expect(problemOf(error, 'input.rateLimits')).toBe('Must be at least 1');
  expect(problemOf(error, 'input.rate')).toBeNull();
  expect(messageOf(error, ['input.rateLimits'])).toBeNull();
  expect(messageOf(error, ['input.name'])).toBe(error.message);
});

test('a limit says how long to wait, and what was thrown elsewhere is told too', () => {
  const limited = new RequestError('Too many attempts.', { code: 'RATE_LIMITED', retryAfterSeconds: 30 });
  expect(messageOf(limited)).toBe('Too many attempts. Try again in 30 s.');
  expect(messageOf(new Error('broke'))).toBe('broke');
  expect(messageOf(null)).toBeNull();
});

test('a name is refused as it is typed exactly when the api would refuse it', () => {
  for (const name of ['a', '_', 'A-1', '-a', 'a b', 'ü', 'x'.repeat(64), 'x'.repeat(65), 'a/b', 'a.b']) {
    expect({ name, isGood: gatewayNameProblem(name) === null }).toEqual({ name, isGood: isGatewayName(name) });
  }
  expect(gatewayNameProblem('')).toBeNull();
});

test('events are read however their bytes are cut', () => {
  const text = ': subscribed\n\nevent: next\ndata: {"a":\ndata: 1}\n\n:\n\nevent: complete\ndata:\n\n';
  const expected = [
    { name: 'next', data: '{"a":\n1}' },
    { name: 'complete', data: '' },
  ];
  for (let size = 1; size <= text.length; size++) {
    const events = new EventStream();
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
      text.slice(at * size, (at + 1) * size),
    );
    expect(pieces.flatMap((piece) => events.take(piece))).toEqual(expected);
  }
});

test('stacked series stand on each other, and are told in words', () => {
  const series = [
    { label: 'good', color: '--good', values: [1, null, 3] },
    { label: 'bad', color: '--bad', values: [0, 2, 1] },
  ];
  expect(stackedValues(series)).toEqual([
    [1, 0, 3],
    [1, 2, 4],
  ]);
  expect(seriesInWords(series, String)).toEqual(['good: from 1 to 3, at most 3', 'bad: from 0 to 1, at most 2']);
  expect(seriesInWords([{ label: 'none', color: '--bad', values: [null] }], String)).toEqual(['none: nothing']);
});
