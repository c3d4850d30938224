/**
 * What a header's name means for some purpose, by the text that it came as. Providers write the same few hundred names
 * all the time: to look one up costs less than to find out anew, by its lower case in sets and by its beginning.
 */

/** Names that are remembered, and their length: they are the providers' own text. At the bound all are forgotten. */
const NAMES_MAX = 1_000;
const NAME_CHARACTERS_MAX = 64;

export class NameMeanings<Meaning extends string | boolean> {
  private readonly known = new Map<string, Meaning>();

  /** @param meaningOf of a name in lower case */
  constructor(private readonly meaningOf: (lower: string) => Meaning) {}

  of(name: string): Meaning {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const meaning = this.meaningOf(name.toLowerCase());
    if (name.length > NAME_CHARACTERS_MAX) return meaning;
    if (this.known.size >= NAMES_MAX) this.known.clear();
    // A text of its own: what came in may be a part of a whole head, and hold that.
    this.known.set(Buffer.from(name).toString(), meaning);
    return meaning;
  }
}
