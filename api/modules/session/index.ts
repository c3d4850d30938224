export { Passwords } from './passwords.js';
export { SessionResolver } from './session.resolver.js';
export { SessionService } from './session.service.js';
export { emailSchema } from './session.inputs.js';
export { hashSessionToken, isSessionToken, mintSessionToken } from './session-tokens.js';
export { network, SignInThrottle } from './sign-in-throttle.js';
