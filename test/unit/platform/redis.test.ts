import { expect, test } from '@jest/globals';
import { redisNodes } from '../../../platform/redis.js';

test('one name is one server, whatever its form', () => {
  for (const url of ['redis://user:p%2Cw@cache:6400/1', 'rediss://cache', 'unix:///run/a,b.sock', 'cache:6400']) {
    expect(redisNodes(url)).toEqual([url]);
  }
});

test('several names are nodes of a cluster, with the scheme and the credentials of the first', () => {
  expect(redisNodes('rediss://user:p%40w@a:7000,b:7001, c')).toEqual([
    'rediss://user:p%40w@a:7000',
    'rediss://user:p%40w@b:7001',
    'rediss://user:p%40w@c',
  ]);
  expect(redisNodes('redis://a,redis://[fd00::1]:7000')).toEqual(['redis://a', 'redis://[fd00::1]:7000']);
});
