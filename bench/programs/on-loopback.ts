/** Loaded before a program that would listen on every address: it listens on loopback. */
import { Server } from 'node:net';

const { listen } = Server.prototype;

function listenOnLoopback(this: Server, port: number, ...rest: unknown[]): Server {
  const onListening = rest.find((argument): argument is () => void => typeof argument === 'function');
  return listen.call(this, { port, host: '127.0.0.1' }, onListening);
}

Object.assign(Server.prototype, { listen: listenOnLoopback });
