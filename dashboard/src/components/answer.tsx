/** What stands in place of an answer that is not here: skeletons while it is asked, the reason when it failed. */
import type { ReactNode } from 'react';
import { messageOf, RequestError } from '../request-error.js';
import { Button } from './button.js';
import { Notice } from './notice.js';
import { Skeleton } from './skeleton.js';

export interface AnswerProps<Result> {
  /** what `useOperation` answers */
  readonly of: {
    readonly data: Result | undefined;
    readonly error: Error | null;
    readonly refetch: () => Promise<unknown>;
  };
  readonly children: (result: Result) => ReactNode;
  /** lines in place of it */
  readonly rows?: number;
}

/** An answer that is there stays when asking anew fails; the failure is told above it. */
export function Answer<Result>({ of, children, rows = 4 }: AnswerProps<Result>) {
  const { data, refetch } = of;
  // who is signed out is on his way to sign-in
  const error = of.error instanceof RequestError && of.error.code === 'UNAUTHENTICATED' ? null : of.error;
  return (
    <>
      {error === null ? null : (
        <div className="answer-failed">
          <Notice kind="problem" message={messageOf(error)} />
          <Button icon="refresh" onClick={() => void refetch()}>
            Ask again
          </Button>
        </div>
      )}
      {data === undefined ? error === null ? <Skeleton rows={rows} /> : null : children(data)}
    </>
  );
}
