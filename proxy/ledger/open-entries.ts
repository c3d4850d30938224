/**
 * The requests that are open, in no order. A `Set` of them lives long and is made anew every few dozen requests, in the
 * old generation of V8's heap, where each that is left behind keeps the requests that were in it, and all they refer
 * to, until the next full collection.
 */
export interface Placed {
  /** its place among the open ones; -1: it is not open */
  place: number;
}

export class OpenEntries<Entry extends Placed> {
  private readonly entries: Entry[] = [];

  get size(): number {
    return this.entries.length;
  }

  /** Adds one that is not open yet. */
  add(entry: Entry): void {
    entry.place = this.entries.length;
    this.entries.push(entry);
  }

  /** False: it was not open. */
  delete(entry: Entry): boolean {
    const { place } = entry;
    if (place === -1) return false;
    entry.place = -1;
    const last = this.entries.pop();
    if (last === undefined || last === entry) return true;
    last.place = place;
    this.entries[place] = last;
    return true;
  }

  /** those for which `test` holds, as a list of its own */
  filter(test: (entry: Entry) => boolean): Entry[] {
    return this.entries.filter(test);
  }
}
