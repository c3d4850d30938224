import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { loggedQuery, upstreamQuery } from '../../../../proxy/upstream/query.js';
import { mintApiToken } from '../../../../schema/contracts/api-token.js';
import { propertyRuns } from '../../../support/test-size.js';

test('one of our API tokens goes up in no query, however it is written', () => {
  const token = mintApiToken();
  const encoded = token.replace('_', '%5F').replace('t', '%74');
  const pairs = [`key=${token}`, `key=${encoded}`, `a=Bearer%20${token}`, `${token}=1`, `a=%zz${token}`, token];
  for (const pair of pairs) {
    expect(upstreamQuery(`?x=1&${pair}&y=%zz`)).toBe('?x=1&y=%zz');
    expect(upstreamQuery(`?${pair}`)).toBe('');
  }
});

test('a query without a token is the same string, and nothing makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (text, mentionsToken) => {
      const query = `?${text}${mentionsToken ? '&tgt_' : ''}`;
      expect(upstreamQuery(query)).toBe(query);
    }),
    propertyRuns,
  );
});

test('credentials in a query are not logged, and neither is one of our tokens under any name', () => {
  const token = mintApiToken();
  expect(loggedQuery('?alt=sse&key=AIza1&api_key=b&Access_Token=c')).toBe(
    '?alt=sse&key=[removed]&api_key=[removed]&Access_Token=[removed]',
  );
  expect(loggedQuery('?%6bey=AIza1&a=%6bey&b')).toBe('?%6bey=[removed]&a=%6bey&b');
  expect(loggedQuery('?X-Amz-Date=1&X-Amz-Security-Token=t&X-Amz-Signature=s&x-amz-credential=AKIA')).toBe(
    '?X-Amz-Date=1&X-Amz-Security-Token=[removed]&X-Amz-Signature=[removed]&x-amz-credential=[removed]',
  );
  expect(loggedQuery(`?trace=${token}&a=1`)).not.toContain(token);
  expect(loggedQuery(`?trace=${token.replace('_', '%5f')}&a=1`)).not.toContain(token.slice(4));
});
