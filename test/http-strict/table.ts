/** Every case over the request guard's list and RFC 9112. */
import { CONNECTIONS, LOOPS } from './connections.js';
import { CHUNKS, CODINGS, LENGTHS } from './framing.js';
import { HEADER_LINES, MISLEADING_NAMES } from './header-lines.js';
import { HOSTS } from './hosts.js';
import { METHODS, REQUEST_LINES, TARGETS } from './request-lines.js';
import type { WireCase } from './wire-case.js';

export const WIRE_CASES: readonly WireCase[] = [
  METHODS,
  REQUEST_LINES,
  TARGETS,
  HOSTS,
  LENGTHS,
  CODINGS,
  CHUNKS,
  HEADER_LINES,
  MISLEADING_NAMES,
  CONNECTIONS,
  LOOPS,
].flat();
