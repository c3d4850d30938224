/**
 * What lies over the page: a dialog in its middle, or a drawer at its side. Native `<dialog>`: Escape closes it, the
 * page behind is inert, and the focus goes back to where it was.
 */
import { useId, useLayoutEffect, useRef, type ReactNode, type SyntheticEvent } from 'react';
import { IconButton } from './button.js';
import { classes } from './classes.js';
import { DialogToasts } from './toast.js';

export interface DialogProps {
  readonly title: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** buttons below it */
  readonly actions?: ReactNode;
}

/** It is open as long as it is rendered. */
export function Dialog(props: DialogProps) {
  return <Modal {...props} kind="dialog" />;
}

/** At the right edge, over the whole height; on a narrow screen over all of it. */
export function Drawer(props: DialogProps) {
  return <Modal {...props} kind="drawer" />;
}

function Modal({ title, onClose, children, actions, kind }: DialogProps & { readonly kind: 'dialog' | 'drawer' }) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const dialog = element.current;
    if (dialog?.open === false) dialog.showModal();
    return () => dialog?.close(); // while it is still in the page: only then does the focus go back
  }, []);
  const closeOnBackdrop = (event: SyntheticEvent<HTMLDialogElement>): void => {
    if (event.target === element.current) onClose();
  };
  return (
    // Escape closes it for those who have no pointer.
    <dialog
      ref={element}
      className={classes('modal', `modal-${kind}`)}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault(); // the page decides, by no longer rendering it
        onClose();
      }}
      onMouseDown={closeOnBackdrop}
    >
      <div className="modal-box">
        <header className="modal-head">
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="close" label="Close" onClick={onClose} />
        </header>
        <div className="modal-body">{children}</div>
        {actions === undefined ? null : <footer className="modal-actions">{actions}</footer>}
      </div>
      <DialogToasts />
    </dialog>
  );
}
