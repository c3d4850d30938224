/** Metrics whose values stand elsewhere, and are read when somebody asks for them. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** `read` never falls. */
export function declareCounter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

export function declareGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
