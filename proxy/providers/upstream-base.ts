/** A provider's base URL, taken apart once: most are constant, some have placeholders that a request fills. */
import { filledBase } from '../../schema/contracts/providers.js';

/** `path` has no slash at its end: what a client wrote follows it. */
export interface FilledBase {
  readonly origin: string;
  readonly path: string;
}

export interface UpstreamBase {
  /** the same values give the same origin as the one that a key was stored for */
  filled(values: Readonly<Record<string, string>>): FilledBase;
}

/** `base` is a URL of the table of providers or of `PROVIDER_ORIGINS`: http(s), with or without placeholders. */
export function upstreamBase(base: string): UpstreamBase {
  if (!base.includes('{')) {
    const constant = takenApart(base);
    return { filled: () => constant };
  }
  return { filled: (values) => takenApart(filledBase(base, values)) };
}

function takenApart(base: string): FilledBase {
  const { origin, pathname } = new URL(base);
  return { origin, path: pathname.replace(/\/+$/, '') };
}
