/**
 * The documents of one kind that an earlier process of this machine wrote down, as they lay on its disk: read one by
 * one, when no store answers. What a store has said since, or a change that was announced, takes their place for good.
 */
import type { z } from 'zod';

/** A document on the disk. */
export interface KeptText {
  readonly revision: number;
  /** Unix ms at which a store answered it */
  readonly loadedAtMs: number;
  /** the document as JSON */
  readonly text: Buffer | string;
}

export interface KeptDocument<T> {
  readonly revision: number;
  readonly loadedAtMs: number;
  readonly document: T;
}

export class KeptDocuments<T> {
  private readonly texts = new Map<string, KeptText>();

  constructor(private readonly schema: z.ZodType<T>) {}

  /** Of two of one key the later revision stays, then the one that a store answered later. */
  add(key: string, kept: KeptText): void {
    const known = this.texts.get(key);
    if (known !== undefined && !isNewer(kept, known)) return;
    // in memory of its own: a piece of the file's would keep all of that
    const text = typeof kept.text === 'string' ? kept.text : Buffer.from(kept.text);
    this.texts.set(key, { ...kept, text });
  }

  /** Null: there is none, or one of another shape, which another version of us wrote. */
  find(key: string): KeptDocument<T> | null {
    const kept = this.texts.get(key);
    if (kept === undefined) return null;
    const { revision, loadedAtMs, text } = kept;
    const parsed = this.schema.safeParse(JSON.parse(text.toString()));
    return parsed.success ? { revision, loadedAtMs, document: parsed.data } : null;
  }

  /** Null: there is none. */
  revisionOf(key: string): number | null {
    return this.texts.get(key)?.revision ?? null;
  }

  forget(key: string): void {
    this.texts.delete(key);
  }

  /** The document has changed: one below `revision` is forgotten. */
  supersede(key: string, revision: number): void {
    const kept = this.texts.get(key);
    if (kept !== undefined && kept.revision < revision) this.texts.delete(key);
  }

  clear(): void {
    this.texts.clear();
  }

  entries(): Iterable<[string, KeptText]> {
    return this.texts.entries();
  }
}

const isNewer = (a: KeptText, b: KeptText): boolean =>
  a.revision === b.revision ? a.loadedAtMs > b.loadedAtMs : a.revision > b.revision;
