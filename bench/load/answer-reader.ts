/**
 * Finds where an HTTP/1.1 answer ends, and nothing else: the cheapest reading that a load generator can do. It knows
 * `content-length` and chunked answers, one at a time on a connection.
 */

const CHUNKED_END = '\r\n0\r\n\r\n';

export class AnswerReader {
  /** of the latest answer whose head was complete */
  statusCode = 0;
  /** the server takes no more requests on this connection */
  isLast = false;
  private head = '';
  private tail = '';
  private bodyBytesLeft = 0;
  private state: 'head' | 'counted' | 'chunked' = 'head';

  /** Takes what the socket gave; true when the answer is complete with it. */
  push(bytes: Buffer): boolean {
    switch (this.state) {
      case 'head':
        return this.pushHead(bytes);
      case 'counted':
        return this.pushCounted(bytes.length);
      case 'chunked':
        return this.pushChunked(bytes.toString('latin1', Math.max(0, bytes.length - CHUNKED_END.length)));
    }
  }

  private pushHead(bytes: Buffer): boolean {
    const text = this.head + bytes.toString('latin1');
    const headEnd = text.indexOf('\r\n\r\n');
    if (headEnd === -1) {
      this.head = text;
      return false;
    }
    this.head = '';
    this.statusCode = Number(text.slice(9, 12));
    const head = text.slice(0, headEnd);
    this.isLast = /\r\nconnection: *close/i.test(head);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.state = 'chunked';
      this.tail = '';
      return this.pushChunked(text.slice(headEnd + 2)); // an empty body's end begins with the head's last line break
    }
    this.state = 'counted';
    this.bodyBytesLeft = Number(length);
    return this.pushCounted(text.length - headEnd - 4);
  }

  private pushCounted(byteCount: number): boolean {
    this.bodyBytesLeft -= byteCount;
    if (this.bodyBytesLeft > 0) return false;
    this.state = 'head';
    return true;
  }

  private pushChunked(text: string): boolean {
    this.tail = (this.tail + text).slice(-CHUNKED_END.length);
    if (this.tail !== CHUNKED_END) return false;
    this.state = 'head';
    return true;
  }
}
