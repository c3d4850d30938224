/** Metrics whose values stand elsewhere, and are read when somebody asks for them; and the server that tells them. */
import { createServer, type Server } from 'node:http';
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

/** Answers every request with all of them, as Prometheus takes them. The caller listens, on loopback. */
export function createMetricsServer(metrics: Pick<Registry, 'metrics' | 'contentType'>): Server {
  return createServer((_request, response) => {
    metrics.metrics().then(
      (text) => response.setHeader('content-type', metrics.contentType).end(text),
      () => response.writeHead(500).end(), // a metric that cannot be read is no reason to end the process
    );
  });
}
