/**
 * The short text fields of a form (`multipart/form-data`, RFC 7578), for what a request says about itself. Files are
 * stepped over. A field that stands twice is left out: which one the provider takes is not known. Never throws.
 */
import type { JsonObject } from './json-value.js';

const BOUNDARY = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const NAME = /^content-disposition\s*:\s*form-data\s*;(?:.*;)?\s*name="([^"\r\n]{1,64})"/im;
const FILE = /^content-disposition\s*:.*;\s*filename\*?=/im;
const PARTS_MAX = 64;
const HEADERS_BYTES_MAX = 2_048;
const VALUE_BYTES_MAX = 16_384;

/** Fields by name; null when it is no form. `body` may be the beginning of one. */
export function formFields(body: Buffer, contentType: string | null): JsonObject | null {
  const found = contentType === null ? null : BOUNDARY.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) return null;
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const fields = new Map<string, string | null>();
  let at = body.indexOf(delimiter);
  for (let part = 0; part < PARTS_MAX && at !== -1; part++) {
    const from = at + delimiter.length;
    const next = body.indexOf(delimiter, from);
    if (next === -1) break; // the rest is the end, or a part that is not whole
    const field = textField(body.subarray(from, next));
    if (field !== null) fields.set(field.name, fields.has(field.name) ? null : field.value);
    at = next;
  }
  return Object.fromEntries(fields);
}

function textField(part: Buffer): { readonly name: string; readonly value: string } | null {
  const headersEnd = part.subarray(0, HEADERS_BYTES_MAX).indexOf('\r\n\r\n');
  if (headersEnd === -1) return null;
  const headers = part.toString('latin1', 2, headersEnd);
  const name = NAME.exec(headers)?.[1];
  const value = part.subarray(headersEnd + 4, part.length - 2); // the delimiter's line end
  if (name === undefined || FILE.test(headers) || value.length > VALUE_BYTES_MAX) return null;
  return { name, value: value.toString('utf8') };
}
