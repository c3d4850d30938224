/**
 * Server-sent events out of the texts that a response's body comes in (the events `next` and `complete` of
 * graphql-sse).
 */

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** Collects texts; `take` answers the events that they complete, comments left out. */
export class EventStream {
  private rest = '';

  take(text: string): ServerEvent[] {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.map(eventOf).filter((event) => event !== null);
  }
}

function eventOf(block: string): ServerEvent | null {
  let name = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) name = line.slice(6).trim();
    if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return data.length === 0 ? null : { name, data: data.join('\n') };
}
