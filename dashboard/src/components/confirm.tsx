/** Asks before something that cannot be undone: for what matters most, its name has to be typed. */
import { useState, type ReactNode } from 'react';
import { messageOf } from '../request-error.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { TextField } from './field.js';
import { Notice } from './notice.js';

export interface ConfirmProps {
  readonly title: string;
  /** what will be the case afterwards */
  readonly children: ReactNode;
  /** the verb on the button: "Delete gateway" */
  readonly action: string;
  /** has to be typed first; null: nothing has to */
  readonly typed?: string | null;
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function Confirm(props: ConfirmProps) {
  const { title, action, typed = null, isBusy, error, onConfirm, onClose } = props;
  const [text, setText] = useState('');
  const isReady = typed === null || text === typed;
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) onConfirm();
        }}
      >
        <div>{props.children}</div>
        {typed === null ? null : (
          <TextField label={`Type ${typed} to go on`} value={text} onChange={setText} autoComplete="off" autoFocus />
        )}
        <Notice kind="problem" message={messageOf(error)} />
        <div className="modal-actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" disabled={!isReady} isBusy={isBusy}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
