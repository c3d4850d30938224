import { expect, test } from '@jest/globals';
import type { Request } from 'express';
import { GraphqlGuard } from '../../../../api/http/graphql-guard.js';

test('T-GQL-2 a request that the entrance has not read gets no context to run in, whoever calls', async () => {
  const unread = {} as never; // neither is to be asked
  const guard = new GraphqlGuard(unread, unread);
  const request = { body: { query: '{ viewer { email } }' } } as Request; // all that the server reads of it
  await expect(guard.contextOf(request)).rejects.toThrow('past its entrance');
});
