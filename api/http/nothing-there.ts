/** The answer to what nothing else answered, in place of Express' own, which would take our headers away. */
import type { RequestHandler } from 'express';

export const nothingThere: RequestHandler = (_request, response) => {
  response.status(404).type('text/plain').send('There is nothing here.\n');
};
