/** Jest runs it once before the test files of every project that names it. */
import { startServices } from './services.js';

export default startServices; // jest takes the default export and nothing else
