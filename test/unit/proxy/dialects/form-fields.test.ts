import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formFields } from '../../../../proxy/dialects/form-fields.js';
import { anyText } from '../../../support/any-text.js';

const TYPE = 'multipart/form-data; boundary=----x7';

function form(...parts: readonly (readonly [name: string, value: string, file?: string])[]): Buffer {
  const text = parts.map(([name, value, file]) => {
    const filename = file === undefined ? '' : `; filename="${file}"\r\nContent-Type: audio/mpeg`;
    return `------x7\r\nContent-Disposition: form-data; name="${name}"${filename}\r\n\r\n${value}\r\n`;
  });
  return Buffer.from(`${text.join('')}------x7--\r\n`);
}

test('text fields are read, before and behind a file, which is not', () => {
  const body = form(['stream', 'true'], ['file', 'name="model"\r\n\r\nx', 'a.mp3'], ['model', 'whisper-1']);
  expect(formFields(body, TYPE)).toEqual({ stream: 'true', model: 'whisper-1' });
  expect(formFields(body, 'Multipart/Form-Data; charset=utf-8; boundary="----x7"')).toEqual({
    stream: 'true',
    model: 'whisper-1',
  });
});

test('a field that stands twice is left out', () => {
  expect(formFields(form(['model', 'cheap'], ['model', 'dear']), TYPE)).toEqual({ model: null });
});

test('the beginning of a form has the fields that are whole in it', () => {
  const body = form(['model', 'whisper-1'], ['file', 'x'.repeat(100), 'a.mp3'], ['stream', 'true']);
  expect(formFields(body.subarray(0, 150), TYPE)).toEqual({ model: 'whisper-1' });
});

test('what is no form has no fields', () => {
  for (const type of [null, 'application/json', 'multipart/form-data', 'multipart/form-data; boundary=']) {
    expect(formFields(form(['model', 'm']), type)).toBeNull();
  }
});

test('whatever a body is, its fields are text, and reading it does not throw', () => {
  const piece = fc.oneof(
    fc.constantFrom('------x7', '\r\n', '\r\n\r\n', 'Content-Disposition: form-data; name="a"', '__proto__', '--', '"'),
    anyText({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const fields = formFields(Buffer.from(pieces.join('')), TYPE) ?? {};
      for (const value of Object.values(fields)) expect(value === null || typeof value === 'string').toBe(true);
    }),
  );
});
