/** Keeps the first bytes of a body for its log, up to the configured bound, and says when there were more. */
export class BodyCollector {
  readonly chunks: Uint8Array[] = [];
  isTruncated = false;
  private bytes = 0;

  constructor(private readonly bytesMax: number) {}

  push(chunk: Uint8Array): void {
    if (this.isTruncated) return;
    const room = this.bytesMax - this.bytes;
    this.isTruncated = chunk.length > room;
    this.chunks.push(this.isTruncated ? chunk.subarray(0, room) : chunk);
    this.bytes += Math.min(chunk.length, room);
  }
}
