/** What people think of an answer: thumbs, and a score. */
import { useState } from 'react';
import { Button, IconButton } from '../../components/button.js';
import { TextField } from '../../components/field.js';
import { Notice } from '../../components/notice.js';
import { useToast } from '../../components/toast.js';
import { RateLogDocument } from '../../gql/graphql.js';
import { useChange } from '../../operations.js';
import { messageOf } from '../../request-error.js';
import { useAccount } from '../../shell/account.js';
import { useGateway } from '../../shell/gateway.js';
import type { LogDetail } from './log-drawer.js';

export function LogRating({ log }: { readonly log: LogDetail }) {
  const account = useAccount();
  const gateway = useGateway();
  const say = useToast();
  const rate = useChange(RateLogDocument, () => say('Rated'));
  const stored = log.score === null ? '' : String(log.score);
  const [score, setScore] = useState(stored);
  const of = { gatewayId: gateway.id, logId: log.id };
  if (!account.can('AI_GATEWAY_EDIT')) return <Given log={log} />;
  // the same thumb again takes it away
  const thumb = (feedback: number): void =>
    rate.mutate({ input: { ...of, feedback: log.feedback === feedback ? null : feedback } });
  const isNumber = score.trim() === '' || Number.isFinite(Number(score));
  return (
    <form
      className="log-rating"
      aria-label="Rating"
      onSubmit={(event) => {
        event.preventDefault();
        if (isNumber) rate.mutate({ input: { ...of, score: score.trim() === '' ? null : Number(score) } });
      }}
    >
      <IconButton icon="thumbUp" label="Thumbs up" aria-pressed={log.feedback === 1} onClick={() => thumb(1)} />
      <IconButton icon="thumbDown" label="Thumbs down" aria-pressed={log.feedback === -1} onClick={() => thumb(-1)} />
      <TextField
        label="Score"
        inputMode="decimal"
        value={score}
        onChange={setScore}
        problem={isNumber ? null : 'Must be a number'}
        error={rate.error}
        path="input.score"
        autoComplete="off"
      />
      {score === stored ? null : (
        <Button type="submit" isBusy={rate.isPending} disabled={!isNumber}>
          Save score
        </Button>
      )}
      <Notice kind="problem" message={messageOf(rate.error, ['input.score'])} />
    </form>
  );
}

/** For those who may not change it. */
function Given({ log: { feedback, score } }: { readonly log: LogDetail }) {
  if (feedback === null && score === null) return null;
  const words = feedback === null ? [] : [feedback > 0 ? 'Thumbs up' : 'Thumbs down'];
  return <p className="muted">{[...words, ...(score === null ? [] : [`Score ${score}`])].join(', ')}</p>;
}
