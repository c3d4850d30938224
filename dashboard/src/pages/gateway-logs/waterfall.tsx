/** The attempts of a request over its time: which calls were made, one after another, and what each came to. */
import { Badge, StatusBadge } from '../../components/badge.js';
import { errorText } from '../../error-codes.js';
import { formatDuration } from '../../format.js';
import type { LogDetail } from './log-drawer.js';

/** Of the drawing: times are shares of it. */
const WIDTH = 1_000;
/** What took no time is seen as well. */
const BAR_MIN = 6;

export function Waterfall({ log }: { readonly log: LogDetail }) {
  const { attempts } = log;
  if (attempts.length === 0) {
    return (
      <section>
        <h3>Attempts</h3>
        <p className="muted">{log.cached ? 'None: the cache answered.' : 'None: no provider was called.'}</p>
      </section>
    );
  }
  const startMs = Math.min(Date.parse(log.createdAt), ...attempts.map(({ startedAt }) => Date.parse(startedAt)));
  const ends = attempts.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs);
  const endMs = Math.max(Date.parse(log.createdAt) + log.durationMs, ...ends);
  const scale = WIDTH / Math.max(endMs - startMs, 1);
  return (
    <section>
      <h3>Attempts</h3>
      <ol className="waterfall">
        {attempts.map((attempt) => {
          const beganMs = Date.parse(attempt.startedAt) - startMs;
          const width = Math.max(attempt.durationMs * scale, BAR_MIN);
          const x = Math.min(beganMs * scale, WIDTH - width);
          const words = `Began after ${formatDuration(beganMs)}, took ${formatDuration(attempt.durationMs)}`;
          return (
            <li key={attempt.number}>
              <span className="waterfall-name">
                <span className="muted">{attempt.number}</span>
                <Outcome attempt={attempt} />
                <bdi>{attempt.model ?? attempt.provider}</bdi>
                {attempt.model === null ? null : <bdi className="muted">{attempt.provider}</bdi>}
              </span>
              <svg viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label={words}>
                <title>{words}</title>
                <rect className={isGood(attempt) ? 'is-good' : 'is-bad'} x={x} y="0" width={width} height="10" />
              </svg>
              <span className="waterfall-time">{formatDuration(attempt.durationMs)}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

type Attempt = LogDetail['attempts'][number];

const isGood = ({ statusCode, errorCode }: Attempt): boolean =>
  errorCode === null && statusCode !== null && statusCode < 400;

function Outcome({ attempt: { statusCode, errorCode } }: { readonly attempt: Attempt }) {
  return (
    <>
      {statusCode === null ? <Badge kind="bad">no answer</Badge> : <StatusBadge status={statusCode} />}
      {errorCode === null ? null : <span className="muted">{errorText(errorCode)}</span>}
    </>
  );
}
