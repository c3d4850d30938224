/** Links to the parts of something; the one that is shown is marked. */
import { Link, useLocation } from 'wouter';

export interface TabLink {
  readonly label: string;
  readonly href: string;
}

export function Tabs({ label, links }: { readonly label: string; readonly links: readonly TabLink[] }) {
  const [path] = useLocation();
  return (
    <nav className="tabs" aria-label={label}>
      {links.map(({ label: text, href }) => (
        <Link key={href} href={href} aria-current={path === href ? 'page' : undefined}>
          {text}
        </Link>
      ))}
    </nav>
  );
}
