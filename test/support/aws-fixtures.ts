/** What AWS publishes, what its clients send, and how it streams: test/fixtures/aws-*. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const FOLDER = fileURLToPath(new URL('../../../test/fixtures/aws-sig-v4/', import.meta.url)); // from dist/test/support

const vectorSchema = z.object({
  name: z.string(),
  context: z.object({
    credentials: z.object({ access_key_id: z.string(), secret_access_key: z.string(), token: z.string().optional() }),
    normalize: z.boolean(),
    region: z.string(),
    service: z.string(),
    sign_body: z.boolean(),
    timestamp: z.iso.datetime(),
    omit_session_token: z.boolean().optional(),
  }),
  request: z.string(),
  canonicalRequest: z.string(),
  stringToSign: z.string(),
  signature: z.string(),
});
export type SigV4Vector = z.infer<typeof vectorSchema>;

const signedCaseSchema = z.object({
  service: z.string(),
  region: z.string(),
  atMs: z.number(),
  credentials: z.object({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string().optional(),
  }),
  method: z.string(),
  path: z.string(),
  query: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  authorization: z.string(),
});

export function awsVectors(): readonly SigV4Vector[] {
  return z.object({ cases: z.array(vectorSchema) }).parse(parsed('vectors.json')).cases;
}

export function awsSignedCases(): readonly z.infer<typeof signedCaseSchema>[] {
  return z.object({ cases: z.array(signedCaseSchema) }).parse(parsed('smithy.json')).cases;
}

const parsed = (file: string): unknown => JSON.parse(readFileSync(FOLDER + file, 'utf8'));

const clientCallsSchema = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  cases: z.array(
    z.object({
      name: z.string(),
      client: z.string(),
      /** the host that it was signed for */
      host: z.string(),
      service: z.enum(['bedrock', 'bedrock-mantle']),
      region: z.string(),
      method: z.string(),
      url: z.string(),
      headers: z.array(z.tuple([z.string(), z.string()])),
      body: z.string(),
    }),
  ),
});

/** Requests of real clients, as they sent them to AWS's host. */
export function awsClientCalls(): z.infer<typeof clientCallsSchema> {
  return clientCallsSchema.parse(parsed('clients.json'));
}

/** The frames of one answer of ConverseStream (`application/vnd.amazon.eventstream`). */
export function awsEventFrames(): readonly Buffer[] {
  const file = z.object({ frames: z.array(z.string()) }).parse(parsed('../aws-event-stream/converse-stream.json'));
  return file.frames.map((frame) => Buffer.from(frame, 'base64'));
}
