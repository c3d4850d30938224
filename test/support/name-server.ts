/** A name server of UDP (RFC 1035) that answers each query as a test says, with a time to live of 0. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface NameServer {
  /** `address:port`, as a resolver takes it */
  readonly server: string;
  readonly queries: number;
  close(): Promise<void>;
}

export interface NameAnswer {
  /** names that the name stands for, one after another, before its addresses */
  readonly aliases?: readonly string[];
  /** dotted IPv4, or IPv6 as eight groups; those of the asked kind are answered */
  readonly addresses: readonly string[];
}

const TYPE = { A: 1, CNAME: 5, AAAA: 28 } as const;

/** `answer` is called once a query, with a number that counts the queries of both kinds. */
export async function startNameServer(answer: (query: number) => NameAnswer): Promise<NameServer> {
  let queries = 0;
  const socket = createSocket('udp4');
  socket.on('message', (message, peer) => {
    socket.send(replyTo(message, answer(queries++)), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    server: `127.0.0.1:${socket.address().port}`,
    get queries() {
      return queries;
    },
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function replyTo(query: Buffer, { aliases = [], addresses }: NameAnswer): Buffer {
  const nameEnd = query.indexOf(0, 12) + 1;
  const question = query.subarray(12, nameEnd + 4);
  const type = query.readUInt16BE(nameEnd);
  const wanted = addresses.filter((address) => address.includes(':') === (type === TYPE.AAAA));
  const names = [question.subarray(0, -4), ...aliases.map(nameBytes)];
  const records = aliases.map((alias, index) => record(names[index] ?? Buffer.alloc(0), TYPE.CNAME, nameBytes(alias)));
  const owner = names.at(-1) ?? Buffer.alloc(0);
  for (const address of wanted) records.push(record(owner, type, addressBytes(address)));
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  return Buffer.concat([head, question, ...records]);
}

function record(owner: Buffer, type: number, content: Buffer): Buffer {
  const fixed = Buffer.alloc(10); // type, class IN, time to live 0, length
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(content.length, 8);
  return Buffer.concat([owner, fixed, content]);
}

const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);

function addressBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const bytes = Buffer.alloc(16);
  address.split(':').forEach((group, index) => bytes.writeUInt16BE(parseInt(group, 16), index * 2));
  return bytes;
}
