/** What the two witnesses outside the ledger write down: one line of JSON for each request, in a file of their own. */
import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { z } from 'zod';

/** Tokens in OpenAI's words: `cached` is a part of `prompt`. */
const reportedSchema = z.object({ prompt: z.int(), cached: z.int(), completion: z.int() });
export type ReportedUsage = z.infer<typeof reportedSchema>;

const clientNoteSchema = z.object({
  id: z.string(),
  proxy: z.int(),
  isStream: z.boolean(),
  isPoison: z.boolean(),
  /** false: no connection was to be had, so nothing left the client */
  isSent: z.boolean(),
  /** null: no head came */
  status: z.int().nullable(),
  requestId: z.string().nullable(),
  /** the log's id: with it the proxy has promised a record */
  logId: z.string().nullable(),
  /** of an error that the proxy itself answered with */
  internalCode: z.int().nullable(),
  bytes: z.int(),
  /** the end of the answer was seen: all of a document, the end mark of a stream */
  isWhole: z.boolean(),
  usage: reportedSchema.nullable(),
  hasLeft: z.boolean(),
  error: z.string().nullable(),
});
export type ClientNote = z.infer<typeof clientNoteSchema>;

const upstreamNoteSchema = z.object({
  id: z.string(),
  status: z.int().nullable(),
  /** what was written to the connection; null: no usage was */
  reported: reportedSchema.nullable(),
  deltasSent: z.int(),
  /** the other side ended the connection before the answer was through */
  isCut: z.boolean(),
});
export type UpstreamNote = z.infer<typeof upstreamNoteSchema>;

/** A witness's file, which only it writes. */
export class Notebook<T> {
  private readonly stream: WriteStream;

  constructor(folder: string, name: string) {
    this.stream = createWriteStream(path.join(folder, name), { flags: 'a' });
  }

  note(line: T): void {
    this.stream.write(`${JSON.stringify(line)}\n`);
  }

  /** Resolves once everything that was noted is in the file. */
  async close(): Promise<void> {
    this.stream.end();
    await once(this.stream, 'close');
  }
}

export const CLIENT_NOTES = 'client.ndjson';
export const UPSTREAM_NOTES = 'upstream.ndjson';

export const readClientNotes = (folder: string): ClientNote[] => readNotes(folder, CLIENT_NOTES, clientNoteSchema);
export const readUpstreamNotes = (folder: string): UpstreamNote[] =>
  readNotes(folder, UPSTREAM_NOTES, upstreamNoteSchema);

function readNotes<T>(folder: string, name: string, schema: z.ZodType<T>): T[] {
  const lines = readFileSync(path.join(folder, name), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => schema.parse(JSON.parse(line)));
}
