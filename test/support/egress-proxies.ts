/** Egress proxies that are real and small: an HTTP CONNECT and a SOCKS5 one, which keep what they were asked for. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export interface TestEgressProxy {
  readonly port: number;
  /** connections that were made to it */
  readonly connections: number;
  /** `host:port`, as it was asked */
  readonly targets: readonly string[];
  /** what callers said of themselves: a `Proxy-Authorization`, or `user:password` */
  readonly credentials: readonly string[];
  /** connections that are open now */
  readonly open: number;
  close(): Promise<void>;
}

export interface EgressProxyOptions {
  /** only these are let through; none: everybody */
  readonly user?: { readonly name: string; readonly password: string };
  /** where a connection really goes, whatever was asked; null: it is refused */
  readonly route?: (target: string) => number | null;
  /** makes it an https proxy */
  readonly tls?: { readonly key: string; readonly cert: string };
}

interface Asked {
  readonly targets: string[];
  readonly credentials: string[];
  readonly route: (target: string) => number | null;
  readonly user: EgressProxyOptions['user'];
}

export const startConnectProxy = (options: EgressProxyOptions = {}): Promise<TestEgressProxy> =>
  start(options, serveConnect);
export const startSocksProxy = (options: EgressProxyOptions = {}): Promise<TestEgressProxy> =>
  start(options, serveSocks);

/** A listener that says the same to everybody, whatever they ask; null: nothing at all. */
export const startRawProxy = (answer: string | Buffer | null): Promise<TestEgressProxy> =>
  start({}, async (socket) => {
    await once(socket, 'data');
    if (answer !== null) socket.write(answer);
  });

async function start(
  options: EgressProxyOptions,
  serve: (socket: Socket, asked: Asked) => Promise<void>,
): Promise<TestEgressProxy> {
  const asked: Asked = {
    targets: [],
    credentials: [],
    user: options.user,
    route: options.route ?? ((target) => Number(target.slice(target.lastIndexOf(':') + 1))),
  };
  const sockets = new Set<Socket>();
  let connections = 0;
  const onConnection = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket)));
    serve(socket, asked).catch(() => socket.destroy());
  };
  const server: Server =
    options.tls === undefined ? createServer(onConnection) : createTlsServer(options.tls, onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    port,
    ...asked,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Takes bytes from a socket, some at a time; null: not enough are there yet. */
function reading(socket: Socket): (isEnough: (held: Buffer) => number | null) => Promise<Buffer> {
  let held = Buffer.alloc(0);
  return async (isEnough) => {
    let length = isEnough(held);
    while (length === null) {
      const [chunk] = (await once(socket, 'data')) as [Buffer]; // what 'data' comes with
      held = Buffer.concat([held, chunk]);
      length = isEnough(held);
    }
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };
}

const atLeast = (length: number) => (held: Buffer) => (held.length >= length ? length : null);

async function serveConnect(socket: Socket, asked: Asked): Promise<void> {
  const isWhole = (held: Buffer): number | null => (held.includes('\r\n\r\n') ? held.indexOf('\r\n\r\n') + 4 : null);
  const head = (await reading(socket)(isWhole)).toString();
  const [, target = ''] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
  const [, authorization = ''] = /^proxy-authorization: (.*)\r$/im.exec(head) ?? [];
  if (authorization !== '') asked.credentials.push(authorization);
  const { user } = asked;
  const expected = user && `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  if (expected !== undefined && authorization !== expected) {
    return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  }
  asked.targets.push(target);
  const port = asked.route(target);
  if (port === null) return void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  join(socket, await dial(port), 'HTTP/1.1 200 Connection established\r\n\r\n');
}

async function serveSocks(socket: Socket, asked: Asked): Promise<void> {
  const read = reading(socket);
  const [, count = 0] = await read(atLeast(2));
  const methods = await read(atLeast(count));
  const method = asked.user === undefined ? 0 : 2;
  if (!methods.includes(method)) return void socket.end(Buffer.from([5, 0xff]));
  socket.write(Buffer.from([5, method]));
  if (asked.user !== undefined) {
    const [, nameLength = 0] = await read(atLeast(2));
    const name = (await read(atLeast(nameLength))).toString();
    const [passwordLength = 0] = await read(atLeast(1));
    const password = (await read(atLeast(passwordLength))).toString();
    asked.credentials.push(`${name}:${password}`);
    const isKnown = name === asked.user.name && password === asked.user.password;
    if (!isKnown) return void socket.end(Buffer.from([1, 1]));
    socket.write(Buffer.from([1, 0]));
  }
  const [, , , kind = 0] = await read(atLeast(4));
  const host = await readHost(read, kind);
  const port = (await read(atLeast(2))).readUInt16BE();
  const target = `${host}:${port}`;
  asked.targets.push(target);
  const realPort = asked.route(target);
  const reply = (code: number): Buffer => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
  if (realPort === null) return void socket.end(reply(2));
  join(socket, await dial(realPort), reply(0));
}

async function readHost(read: ReturnType<typeof reading>, kind: number): Promise<string> {
  if (kind === 1) return [...(await read(atLeast(4)))].join('.');
  if (kind === 4) return (await read(atLeast(16))).toString('hex');
  const [length = 0] = await read(atLeast(1));
  return (await read(atLeast(length))).toString();
}

async function dial(port: number): Promise<Socket> {
  const upstream = connect(port, '127.0.0.1');
  await once(upstream, 'connect');
  return upstream;
}

function join(client: Socket, upstream: Socket, greeting: string | Buffer): void {
  client.write(greeting);
  client.pipe(upstream).on('error', () => client.destroy());
  upstream.pipe(client).on('error', () => upstream.destroy());
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
}
