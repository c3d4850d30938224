/** Buttons: one primary a view at most, everything dangerous in red. */
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { Link } from 'wouter';
import { classes } from './classes.js';
import { Icon, type IconName } from './icon.js';

type Kind = 'primary' | 'plain' | 'quiet' | 'danger';

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className'> {
  readonly kind?: Kind;
  readonly icon?: IconName;
  /** what it began is still going on: it cannot be pressed again */
  readonly isBusy?: boolean;
}

export function Button({ kind = 'plain', icon, isBusy = false, type = 'button', children, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      // type is one of three words, each a constant where it is used
      type={type}
      className={classes('button', `button-${kind}`, isBusy && 'is-busy')}
      disabled={rest.disabled === true || isBusy}
      aria-busy={isBusy}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

/** Looks like a button and leads somewhere. */
export function ButtonLink(props: { readonly href: string; readonly kind?: Kind; readonly children: ReactNode }) {
  return (
    <Link href={props.href} className={classes('button', `button-${props.kind ?? 'plain'}`)}>
      {props.children}
    </Link>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'icon' | 'children' | 'title'> {
  readonly icon: IconName;
  /** what it does: its name to a screen reader, and its tooltip */
  readonly label: string;
}

export function IconButton({ icon, label, kind = 'quiet', ...rest }: IconButtonProps) {
  return <Button {...rest} kind={kind} icon={icon} aria-label={label} title={label} data-icon-only="" />;
}
