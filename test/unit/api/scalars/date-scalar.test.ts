import { expect, test } from '@jest/globals';
import { DateScalar } from '../../../../api/scalars/date-scalar.js';
import { withoutValues } from '../../../../api/graphql/server-messages.js';

test.each(['2026-11-28', '2024-02-29', '0001-01-01', '9999-12-31'])('%s is a day, and stays that text', (day) => {
  expect(DateScalar.parseValue(day)).toBe(day);
  expect(DateScalar.serialize(day)).toBe(day);
});

test.each(['2026-02-29', '2026-13-01', '2026-00-10', '2026-1-1', '2026-11-28T00:00:00Z', ' 2026-11-28', '', 20261128, null])(
  '%p is no day',
  (value) => {
    expect(() => DateScalar.parseValue(value)).toThrow('must be a day as 2026-11-28');
  },
); // prettier-ignore

test('what a caller reads of a variable that is no day says what a day is', () => {
  const message = 'Variable "$day" got invalid value "canary"; must be a day as 2026-11-28';
  expect(withoutValues(message)).toBe('Variable "$day" got an invalid value; must be a day as 2026-11-28');
});
