/** The bar at the top of every page: which account, who is signed in, which theme. */
import { useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import { Button, IconButton } from '../components/button.js';
import { Select } from '../components/field.js';
import { Icon, type IconName } from '../components/icon.js';
import { useToast } from '../components/toast.js';
import { SignOutDocument } from '../gql/graphql.js';
import { accountPath, OPERATOR_PATH, PROFILE_PATH } from '../paths.js';
import { messageOf, RequestError } from '../request-error.js';
import { request } from '../request.js';
import { useTheme, type Theme } from '../theme.js';
import { Logo } from './logo.js';

export interface TopBarProps {
  readonly email: string | null;
  readonly accounts: readonly string[];
  readonly isOperator: boolean;
  /** the one that is shown; null: the page is of none */
  readonly account: string | null;
}

export function TopBar({ email, isOperator, accounts, account }: TopBarProps) {
  const [, navigate] = useLocation();
  const shown = account !== null && !accounts.includes(account) ? [account, ...accounts] : accounts;
  const options = shown.map((name) => ({ value: name, label: name }));
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
        value={account ?? ''}
        options={account === null ? [{ value: '', label: 'Accounts' }, ...options] : options}
        onChange={(name) => navigate(accountPath(name))}
      />
      <div className="top-bar-end">
        {isOperator ? (
          <Link className="top-bar-link" href={OPERATOR_PATH}>
            Operator
          </Link>
        ) : null}
        {email === null ? null : (
          <Link className="top-bar-user" href={PROFILE_PATH} aria-label={`You: ${email}`}>
            <Icon name="user" />
            <span className="top-bar-email">{email}</span>
          </Link>
        )}
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
    <Button kind="quiet" icon="exit" title="Sign out" onClick={() => void signOut()}>
      <span className="top-bar-text">Sign out</span>
    </Button>
  );
}
