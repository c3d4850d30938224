/**
 * The process that js-redis-server runs in: serves the unix socket named by its argument, tells its parent when it
 * does, and ends with it. A socket rather than a port: the package would listen on every interface, and without
 * TCP_NODELAY.
 */
import { rmSync } from 'node:fs';
import { createRedisCommandExecutor, RedisServerState, Resp2Server } from 'js-redis-server/core';

const socket = process.argv[2];
if (socket === undefined || process.send === undefined) throw new Error('started without a socket or a parent');

process.on('disconnect', () => process.exit(0));
const state = new RedisServerState({ databaseCount: 16 });
const { server } = new Resp2Server({ server: state, executor: createRedisCommandExecutor(), logger: console });
rmSync(socket, { force: true }); // left by a process that was killed; only one instance uses a DATA_DIR at a time
process.umask(0o077);
server.listen(socket, () => process.send?.('ready'));
