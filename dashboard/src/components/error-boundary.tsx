/** When a page breaks: a way on, and what to tell whoever mends it. */
import { Component, type ReactNode } from 'react';
import { Button } from './button.js';
import { EmptyState } from './empty-state.js';

interface Failed {
  readonly error: Error | null;
}

export class ErrorBoundary extends Component<{ readonly children: ReactNode }, Failed> {
  override readonly state: Failed = { error: null };

  static getDerivedStateFromError(error: unknown): Failed {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <main className="centred">
        <EmptyState
          title="This page broke"
          action={
            <Button kind="primary" icon="refresh" onClick={() => location.reload()}>
              Load it again
            </Button>
          }
        >
          <p>Nothing was changed by that. What it said:</p>
          <pre className="code-inline">{error.message}</pre>
        </EmptyState>
      </main>
    );
  }
}
