/** Request and response: as a conversation when they are one, or as texts, laid out or as they were. */
import { useMemo, useState } from 'react';
import { Button } from '../../components/button.js';
import { CodeBlock } from '../../components/code-block.js';
import { Notice } from '../../components/notice.js';
import { formatCount } from '../../format.js';
import { isStream, streamDocuments } from './conversation/answers.js';
import { conversationOf } from './conversation/conversation.js';
import type { LogDetail } from './log-drawer.js';
import { Messages } from './messages.js';
import { prettyJson } from './pretty-json.js';

const VIEWS = ['Conversation', 'Request', 'Response'] as const;
type View = (typeof VIEWS)[number];

/** What is said of bodies that are not whole; nothing of others. */
const STATES: Readonly<Partial<Record<LogDetail['bodyState'], string>>> = {
  TRUNCATED: 'Longer than what is kept of a body: the rest was cut.',
  EXPIRED: 'The requests and responses of this time were dropped: the account had used its quota of storage.',
  NOT_COLLECTED: 'Nothing of it was kept: the gateway’s settings, or a header of the request, said so.',
  HIDDEN: 'It takes the permission AI_GATEWAY_LOG_BODIES to see requests and responses.',
};

const REFUSED = 'It was refused before anything of it was kept.';

/** By a limit of the gateway or a quota of the account: nothing was called, and nothing read. */
const isRefused = ({ errorCode, bodyState }: LogDetail): boolean =>
  bodyState === 'NOT_COLLECTED' && (errorCode === 2003 || errorCode === 9005);

export function Bodies({ log }: { readonly log: LogDetail }) {
  const { path, requestBody, responseBody, bodyState } = log;
  const messages = useMemo(
    () => conversationOf({ path, requestBody, responseBody }),
    [path, requestBody, responseBody],
  );
  const views = VIEWS.filter((view) => view !== 'Conversation' || messages.length > 0);
  const [chosen, setChosen] = useState<View>('Conversation');
  const view = views.includes(chosen) ? chosen : 'Request';
  const state = (isRefused(log) ? REFUSED : STATES[bodyState]) ?? null;
  if (requestBody === null && responseBody === null) {
    return (
      <section>
        <h3>Request and response</h3>
        <p className="muted">{state ?? 'Both were empty.'}</p>
      </section>
    );
  }
  return (
    <section>
      <div className="segments log-views" role="group" aria-label="What is shown">
        {views.map((each) => (
          <button key={each} type="button" aria-pressed={each === view} onClick={() => setChosen(each)}>
            {each}
          </button>
        ))}
      </div>
      <Notice kind="info" message={state} />
      {view === 'Conversation' ? (
        <Messages messages={messages} />
      ) : (
        <Body key={view} name={view} text={view === 'Request' ? requestBody : responseBody} />
      )}
    </section>
  );
}

/** Characters that are laid out at once: more would hold up the page. */
const SHOWN_MAX = 100_000;

function Body({ name, text }: { readonly name: string; readonly text: string | null }) {
  const [isRaw, setIsRaw] = useState(false);
  const [isAll, setIsAll] = useState(false);
  const laidOut = useMemo(() => (text === null ? null : laidOutText(text)), [text]);
  if (text === null || text === '') return <p className="muted">It was empty, or is not kept.</p>;
  const shown = isRaw ? text : (laidOut ?? text);
  const isCut = !isAll && shown.length > SHOWN_MAX;
  return (
    <div className="log-body">
      {laidOut === null ? null : (
        <Button kind="quiet" aria-pressed={isRaw} onClick={() => setIsRaw(!isRaw)}>
          {isRaw ? 'Show it laid out' : 'Show it raw'}
        </Button>
      )}
      <CodeBlock code={isCut ? shown.slice(0, SHOWN_MAX) : shown} label={`Copy ${name.toLowerCase()}`} />
      {isCut ? <Button onClick={() => setIsAll(true)}>Show all {formatCount(shown.length)} characters</Button> : null}
    </div>
  );
}

/** null: there is no other way to show it than as it is. */
function laidOutText(text: string): string | null {
  if (!isStream(text)) return prettyJson(text);
  const documents = streamDocuments(text);
  return documents.length === 0 ? null : documents.map((each) => JSON.stringify(each, null, 2)).join('\n\n');
}
