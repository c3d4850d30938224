/** The bar at the top of every page: which account, who is signed in, which theme. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import { Button, IconButton } from '../components/button.js';
import { Select } from '../components/field.js';
import { useToast } from '../components/toast.js';
import type { IconName } from '../components/icon.js';
import { SignOutDocument } from '../gql/graphql.js';
import { accountPath } from '../paths.js';
import { messageOf, RequestError } from '../request-error.js';
import { request } from '../request.js';
import { useTheme, type Theme } from '../theme.js';
import { Logo } from './logo.js';

export interface TopBarProps {
  readonly email: string | null;
  readonly accounts: readonly string[];
  /** the one that is shown */
  readonly account: string;
}

export function TopBar({ email, accounts, account }: TopBarProps) {
  const [, navigate] = useLocation();
  const options = accounts.includes(account) ? accounts : [account, ...accounts];
  return (
    <header className="top-bar">
      <a className="skip-link" href="#main">
        Skip to the page
      </a>
      <Link href="/" className="brand" aria-label="Tollgate, start">
        <Logo />
      </Link>
      <Select
        aria-label="Account"
        value={account}
        options={options.map((name) => ({ value: name, label: name }))}
        onChange={(name) => navigate(accountPath(name))}
      />
      <div className="top-bar-end">
        {email === null ? null : <span className="top-bar-email">{email}</span>}
        <ThemeButton />
        <SignOutButton />
      </div>
    </header>
  );
}

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: 'laptop', light: 'sun', dark: 'moon' };

/** From the system's theme to light to dark, and round. */
export function ThemeButton() {
  const [theme, step] = useTheme();
  return <IconButton icon={THEME_ICONS[theme]} label={`Theme: ${theme}`} onClick={step} />;
}

function SignOutButton() {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const toast = useToast();
  const signOut = async (): Promise<void> => {
    try {
      await request(SignOutDocument, {});
    } catch (error) {
      const hasEnded = error instanceof RequestError && error.code === 'UNAUTHENTICATED';
      if (!hasEnded) return toast(`You are still signed in: ${messageOf(error) ?? 'try again'}`);
    }
    client.clear();
    navigate('/sign-in');
  };
  return (
    <Button kind="quiet" onClick={() => void signOut()}>
      Sign out
    </Button>
  );
}
