/** A conversation, message by message. Whatever they hold is text. */
import { useState } from 'react';
import { Button } from '../../components/button.js';
import { CopyButton } from '../../components/copy-button.js';
import { classes } from '../../components/classes.js';
import { formatCount } from '../../format.js';
import type { Message, Part } from './conversation/messages.js';

/** Of one part; the rest on demand. */
const SHOWN_MAX = 4_000;
/** Of one conversation; the first and the last of them matter most. */
const MESSAGES_MAX = 100;

export function Messages({ messages }: { readonly messages: readonly Message[] }) {
  const [isAll, setIsAll] = useState(false);
  const hidden = isAll ? 0 : Math.max(0, messages.length - MESSAGES_MAX);
  return (
    <>
      {hidden === 0 ? null : (
        <Button onClick={() => setIsAll(true)}>Show {formatCount(hidden)} earlier messages</Button>
      )}
      <ol className="messages" aria-label="Conversation">
        {messages.slice(hidden).map((message, index) => (
          // nothing of a conversation moves while it is shown
          <li key={index} className={classes('message', ROLE_CLASSES.get(message.role))}>
            <header>
              <strong>
                <bdi>{message.role}</bdi>
              </strong>
              <CopyButton text={message.parts.map(({ text }) => text).join('\n')} label="Copy message" />
            </header>
            {message.parts.map((part, at) => (
              <PartText key={at} part={part} />
            ))}
          </li>
        ))}
      </ol>
    </>
  );
}

const ROLE_CLASSES: ReadonlyMap<string, string> = new Map([
  ['system', 'is-system'],
  ['developer', 'is-system'],
  ['user', 'is-user'],
  ['error', 'is-error'],
]);

const KIND_NAMES: Readonly<Record<Part['kind'], string>> = {
  text: '',
  thought: 'Reasoning',
  call: 'Calls',
  result: 'Result',
  attachment: 'Attachment',
};

function PartText({ part: { kind, name, text } }: { readonly part: Part }) {
  const [isAll, setIsAll] = useState(false);
  const isCut = !isAll && text.length > SHOWN_MAX;
  return (
    <div className={classes('message-part', `is-${kind}`)}>
      {kind === 'text' ? null : (
        <p className="message-kind">
          {KIND_NAMES[kind]} {name === '' ? null : <bdi>{name}</bdi>}
        </p>
      )}
      <p className="message-text" dir="auto">
        {isCut ? `${text.slice(0, SHOWN_MAX)}…` : text}
      </p>
      {isCut ? <Button onClick={() => setIsAll(true)}>Show all {formatCount(text.length)} characters</Button> : null}
    </div>
  );
}
