/** What the supervisor and its workers say to each other. */
import type { Registry } from 'prom-client';
import { z } from 'zod';

/** A metric with its values, as prom-client makes an object of it. */
export type WorkerMetric = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];

const servingSchema = z.object({ kind: z.literal('serving'), port: z.number() });
const metricsSchema = z.object({
  kind: z.literal('metrics'),
  question: z.number(),
  // a worker is of the same release as its supervisor
  metrics: z.array(z.custom<WorkerMetric>((value) => typeof value === 'object' && value !== null && 'values' in value)),
});
const askMetricsSchema = z.object({ kind: z.literal('ask-metrics'), question: z.number() });

/** A worker has taken the port, and answers. */
export type Serving = z.infer<typeof servingSchema>;
/** The metrics of one worker, to the question of that number. */
export type Metrics = z.infer<typeof metricsSchema>;
export type AskMetrics = z.infer<typeof askMetricsSchema>;

export const asServing = (message: unknown): Serving | null => servingSchema.safeParse(message).data ?? null;
export const asMetrics = (message: unknown): Metrics | null => metricsSchema.safeParse(message).data ?? null;
export const asAskMetrics = (message: unknown): AskMetrics | null => askMetricsSchema.safeParse(message).data ?? null;
