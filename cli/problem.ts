/** What went wrong, in the words of whoever called: each line is one problem. */
export class Problem extends Error {
  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'Problem';
  }
}
