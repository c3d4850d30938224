/** A third of the unit tests as one suite: see `unitTogether` in jest.config.js. */
import { loadUnitFiles } from '../support/unit-files.js';

await loadUnitFiles({ part: 1, of: 3 });
