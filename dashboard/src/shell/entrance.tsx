/** What stands around the pages before sign-in: one card in the middle. */
import type { ReactNode } from 'react';
import { Logo } from './logo.js';
import { ThemeButton } from './top-bar.js';

export function Entrance({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="entrance">
      <title>{`${title} · Tollgate`}</title>
      <div className="entrance-theme">
        <ThemeButton />
      </div>
      <main className="entrance-card">
        <Logo />
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}
