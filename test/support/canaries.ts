/** Secrets planted to be looked for: each with every spelling under which it could lie somewhere. */
import { randomBytes } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Canary {
  readonly name: string;
  readonly value: string;
  readonly spellings: readonly string[];
}

export class Canaries {
  readonly all: Canary[] = [];

  /** Makes and remembers a secret: `prefix` and 24 characters that stand nowhere else. */
  plant(name: string, prefix = ''): string {
    return this.add(name, `${prefix}${randomBytes(12).toString('hex')}`);
  }

  /** Remembers a secret that was made elsewhere. */
  add(name: string, value: string): string {
    this.all.push({ name, value, spellings: spellingsOf(value) });
    return value;
  }

  /** Names of those that stand in `text`, as they are, in base64, in hexadecimal, in a URL or in JSON. */
  foundIn(text: string): string[] {
    return this.all.filter(({ spellings }) => spellings.some((spelling) => text.includes(spelling))).map((c) => c.name);
  }

  /** `file: secret` for every file below `folder` that holds one; `isAllowed` names files that may. */
  foundBelow(folder: string, isAllowed: (file: string) => boolean): string[] {
    return filesBelow(folder)
      .filter((file) => !isAllowed(path.relative(folder, file)))
      .flatMap((file) =>
        this.foundIn(readFileSync(file, 'latin1')).map((name) => `${path.relative(folder, file)}: ${name}`),
      );
  }
}

function spellingsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  // In base64 a text looks three ways, by where it begins; the middle of each is the same wherever it stands.
  const base64 = [0, 1, 2].map((offset) => {
    const coded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    return coded.slice(offset === 0 ? 0 : 4, -4);
  });
  const json = JSON.stringify(value).slice(1, -1);
  return [...new Set([value, bytes.toString('hex'), encodeURIComponent(value), json, ...base64])];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => lstatSync(file).isFile());
}
