/** Links to the parts of something; the one that is shown is marked. */
import { useLayoutEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';

export interface TabLink {
  readonly label: string;
  readonly href: string;
}

export function Tabs({ label, links }: { readonly label: string; readonly links: readonly TabLink[] }) {
  const [path] = useLocation();
  const bar = useRef<HTMLElement>(null);
  // on a narrow screen the bar scrolls, and the shown one may lie outside of it
  useLayoutEffect(() => {
    const reveal = (): void => {
      const shown = bar.current?.querySelector<HTMLElement>('[aria-current]');
      if (shown === null || shown === undefined || bar.current === null) return;
      const { offsetLeft, offsetWidth } = shown;
      bar.current.scrollLeft = offsetLeft - bar.current.offsetLeft - (bar.current.clientWidth - offsetWidth) / 2;
    };
    reveal();
    window.addEventListener('resize', reveal);
    return () => window.removeEventListener('resize', reveal);
  }, [path, links.length]);
  return (
    <nav ref={bar} className="tabs" aria-label={label}>
      {links.map(({ label: text, href }) => (
        <Link key={href} href={href} aria-current={path === href ? 'page' : undefined}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
