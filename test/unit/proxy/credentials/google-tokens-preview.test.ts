import { expect, test } from '@jest/globals';
import { GoogleTokens, TOKEN_NOT_ASKED_FOR } from '../../../../proxy/credentials/google-oauth.js';
import { createServiceAccount } from '../../../support/service-account.js';

const tokens = new GoogleTokens({
  of: () => {
    throw new Error('Google was asked');
  },
});

test('an explanation asks Google for nothing', async () => {
  await expect(tokens.preview(createServiceAccount().json, null)).resolves.toBe(TOKEN_NOT_ASKED_FOR);
  expect(tokens.counts).toEqual({ asked: 0, turnedAway: 0, evicted: 0 });
});

test('what can never have a token is refused there as in a call', async () => {
  await expect(tokens.preview('{}', null)).rejects.toMatchObject({ errorName: 'noProviderKey' });
});
