import { ByteParts } from './byte-parts.js';

/** Keeps the first bytes of a body for its log, up to the configured bound, and says when there were more. */
export class BodyCollector {
  isTruncated = false;
  private readonly held = new ByteParts();

  constructor(private readonly bytesMax: number) {}

  get chunks(): readonly Uint8Array[] {
    return this.held.parts;
  }

  push(chunk: Uint8Array): void {
    if (this.isTruncated) return;
    const room = this.bytesMax - this.held.bytes;
    this.isTruncated = chunk.length > room;
    this.held.push(this.isTruncated ? chunk.subarray(0, room) : chunk);
  }
}
