/** An invitation that was accepted stays so, whatever becomes of the answer. */
import { expect, test } from '@jest/globals';
import type { ApiContext } from '../../../../../api/context.js';
import { rateLimited } from '../../../../../api/errors.js';
import type { AcceptanceService } from '../../../../../api/modules/invitation/acceptance.service.js';
import { InvitationResolver } from '../../../../../api/modules/invitation/invitation.resolver.js';
import type { InvitationService } from '../../../../../api/modules/invitation/invitation.service.js';

const ACCEPTED = { account: {}, session: { token: 'session', expiresAt: new Date(0) } };

async function accepted(accessBy: () => Promise<object>) {
  const acceptances = { accept: () => Promise.resolve(ACCEPTED) } as unknown as AcceptanceService; // all that is asked of it
  const resolver = new InvitationResolver({} as InvitationService, acceptances); // nothing is asked of it
  const cookies: string[] = [];
  const cookie = { set: (token: string) => cookies.push(token) };
  const context = { access: { principal: 'nobody' }, client: {}, cookie, accessBy } as unknown as ApiContext; // as above
  const answer = await resolver.acceptInvitation({ secret: 'secret', password: 'password' }, context);
  return { answer, cookies, access: context.access };
}

test('the fields of the answer are asked by the new member', async () => {
  expect(await accepted(() => Promise.resolve({ principal: 'member' }))).toEqual({
    answer: ACCEPTED,
    cookies: ['session'],
    access: { principal: 'member' },
  });
});

test('who was made a member is told his session also when nobody can be looked up just now', async () => {
  expect(await accepted(() => Promise.reject(rateLimited('Too much is asked.')))).toEqual({
    answer: ACCEPTED,
    cookies: ['session'],
    access: { principal: 'nobody' },
  });
});
