/** Light, dark, or as the system has it; kept in this browser. `public/theme.js` applies it before the first paint. */
import { useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'tollgate-theme';
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };

const storedTheme = (): Theme => {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
};

/** The theme, and a step to the next one. */
export function useTheme(): readonly [Theme, () => void] {
  const [theme, setTheme] = useState(storedTheme);
  const step = (): void => {
    const next = NEXT[theme];
    if (next === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // storage is refused: the choice holds as long as the page
    }
    setTheme(next);
  };
  return [theme, step];
}
