/** A secret that the api tells once: to be copied now, for nobody can read it again. */
import type { ReactNode } from 'react';
import { Button } from './button.js';
import { CodeBlock } from './code-block.js';
import { Dialog } from './dialog.js';
import { Notice } from './notice.js';

export interface SecretOnceProps {
  readonly title: string;
  readonly secret: string;
  /** what to do with it */
  readonly children?: ReactNode;
  readonly onClose: () => void;
}

export function SecretOnce({ title, secret, children, onClose }: SecretOnceProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="stack">
        <Notice kind="warning" message="Copy it now: it is shown this once, and never again." />
        <CodeBlock code={secret} label="Copy secret" />
        {children}
        <div className="modal-actions">
          <Button kind="primary" onClick={onClose}>
            I have copied it
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
