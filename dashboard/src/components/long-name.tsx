/** A name without spaces (an address, a setting's path) goes on in the next line between its words, not within one. */
import { Fragment } from 'react';

/**
 * With the mark that ends it; a short end such as `.com` stays with what it ends. One that is longer is broken all the
 * same, or a table would be wider than a narrow screen.
 */
const WORD = /[A-Z]{0,16}[^A-Z.@_:/-]{0,16}(?:[@_:/-]|\.(?:[a-z]{2,4}$)?)?/gu;

export function LongName({ name }: { readonly name: string }) {
  const words = name.match(WORD)?.filter((word) => word !== '') ?? [];
  return (
    <span className="long-name">
      {words.map((word, index) => (
        <Fragment key={`${index} ${word}`}>
          {index === 0 ? null : <wbr />}
          {word}
        </Fragment>
      ))}
    </span>
  );
}
