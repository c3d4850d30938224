/**
 * Documents that clients name by their SHA-256 instead of sending them. They come from a manifest alone, which is read
 * at start, `{"<hash in hex>": "<document>"}` as graphql-codegen's client preset writes it; nobody adds any by a
 * request.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { validate, type GraphQLSchema } from 'graphql';
import { z } from 'zod';
import { errorMessage } from '../../platform/error-code.js';
import { ApiError, badInput, forbidden } from '../errors.js';
import { readDocument } from './read-document.js';

const manifestSchema = z.record(z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex'), z.string());

/** Hash and document. */
export type DocumentManifest = ReadonlyMap<string, string>;

/** How an operation names its document: as a text, by `documentId`, or as Apollo's clients have it. */
export interface NamedDocument {
  readonly query?: string | null | undefined;
  readonly documentId?: string | null | undefined;
  readonly extensions?: { readonly persistedQuery?: { readonly sha256Hash: string } | undefined } | null | undefined;
}

export const hashOfDocument = (document: string): string => createHash('sha256').update(document).digest('hex');

/** Throws, naming the file, when it cannot be read or a hash is not that of its document. */
export function readManifest(path: string): DocumentManifest {
  try {
    const entries = Object.entries(manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8'))));
    for (const [hash, document] of entries) {
      if (hashOfDocument(document) !== hash) throw new Error(`${hash} is not the hash of its document`);
    }
    return new Map(entries);
  } catch (error) {
    throw new Error(`The manifest of documents ${path} cannot be used: ${errorMessage(error)}`, { cause: error });
  }
}

export class PersistedDocuments {
  /**
   * `isOnlyForCookies`: browsers' sessions may send no other documents. Throws when one of them would be refused: they
   * are within the limits that all documents have, and what each run costs is measured and charged as for any other.
   */
  constructor(
    schema: GraphQLSchema,
    private readonly manifest: DocumentManifest,
    private readonly isOnlyForCookies: boolean,
  ) {
    for (const [hash, query] of manifest) assertUsable(schema, hash, query);
  }

  /** The document's text; null: none is named. `isByCookie`: the caller's credential is a browser's cookie. */
  textOf(named: NamedDocument, isByCookie: boolean): string | null {
    const query = named.query ?? null;
    const hash = named.documentId?.replace(/^sha256:/, '') ?? named.extensions?.persistedQuery?.sha256Hash ?? null;
    if (query === null) return hash === null ? null : this.known(hash);
    if (hash !== null && hashOfDocument(query) !== hash) throw badInput('query', 'is not the document of this hash');
    if (this.isOnlyForCookies && isByCookie && !this.manifest.has(hashOfDocument(query))) {
      throw forbidden('With a session cookie this instance takes its own documents only: send an API token instead.');
    }
    return query;
  }

  private known(hash: string): string {
    const document = this.manifest.get(hash);
    if (document !== undefined) return document;
    throw new ApiError('PERSISTED_QUERY_NOT_FOUND', 'This instance has no document of this hash.');
  }
}

function assertUsable(schema: GraphQLSchema, hash: string, query: string): void {
  try {
    const [problem] = validate(schema, readDocument(schema, { query, variables: {} }).document);
    if (problem !== undefined) throw problem;
  } catch (error) {
    throw new Error(`The persisted document ${hash} cannot be used: ${errorMessage(error)}`, { cause: error });
  }
}
