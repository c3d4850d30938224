/** Preloaded into a process whose clock is to be an hour ahead: what asks for the time of day gets another one. */
const HOUR_MS = 3_600_000;
const now = Date.now.bind(Date);

globalThis.Date = new Proxy(Date, {
  construct: (target, parameters, newTarget): Date =>
    Reflect.construct(target, parameters.length === 0 ? [now() + HOUR_MS] : parameters, newTarget) as Date, // it is one
});
Date.now = () => now() + HOUR_MS;
