/**
 * A form in a dialog: its fields, what none of them could show, and the way out of it. It stands outside of any other
 * form.
 */
import type { ReactNode } from 'react';
import { messageOf } from '../request-error.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { Notice } from './notice.js';

export interface FormDialogProps {
  readonly title: string;
  /** the verb on the button: "Create token" */
  readonly action: string;
  readonly children: ReactNode;
  /** paths of the arguments whose problems its fields show */
  readonly paths?: readonly string[];
  readonly error?: unknown;
  readonly isBusy?: boolean;
  /** false: something is missing or wrong, and the page knows it already */
  readonly isReady?: boolean;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
}

export function FormDialog(props: FormDialogProps) {
  const { title, action, children, paths = [], error = null, isBusy = false, isReady = true } = props;
  return (
    <Dialog title={title} onClose={props.onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) props.onSubmit();
        }}
      >
        {children}
        <Notice kind="problem" message={messageOf(error, paths)} />
        <div className="modal-actions">
          <Button onClick={props.onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={!isReady} isBusy={isBusy}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
