/**
 * The names of one connection's header lines. A server says nearly the same ones in each answer, in the same order: a
 * name that is to come next is compared with the line, and the text that was made of it before stands for it. That
 * spares few characters, but whoever looks such a text up finds its hash in it: of an answer with 23 lines, to read
 * them and to sort out which go down took 3.8 µs where it took 6.3.
 */

/** Names that are kept, and their length; any other one is made anew with each answer. */
const NAMES_MAX = 64;
const NAME_CHARACTERS_MAX = 64;
/** Lines in a row that an answer may lack of those that others had. */
const LACKING_MAX = 4;
const COLON = 58;

export class LineNames {
  private readonly names: string[] = [];
  /** the place of the name that is to come next */
  private at = 0;
  private heads = 0;

  /** A head's lines follow. */
  begin(): void {
    this.at = 0;
    this.heads += 1;
  }

  /**
   * The name of the line at `start`, with its colon behind it, if it is one that is to come; null: it has to be read.
   */
  expected(text: string, start: number): string | null {
    const { names } = this;
    const end = Math.min(names.length, this.at + LACKING_MAX);
    for (let i = this.at; i < end; i++) {
      const name = names[i];
      if (name === undefined || text.charCodeAt(start + name.length) !== COLON) continue;
      if (!text.startsWith(name, start)) continue;
      this.at = i + 1;
      return name;
    }
    return null;
  }

  /** A name that was read; from the connection's second answer on it is to come at this place from now on. */
  learn(name: string): string {
    const { names } = this;
    if (this.heads < 2 || names.length >= NAMES_MAX || name.length > NAME_CHARACTERS_MAX) return name;
    // A text of its own, as `ownText` makes one, but of one byte a character: what it is put into would have two
    // throughout.
    const own = Buffer.from(name, 'latin1').toString('latin1');
    names.splice(this.at, 0, own);
    this.at += 1;
    return own;
  }
}
