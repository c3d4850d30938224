/** What follows once somebody has signed in, whichever way he came. */
import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { localPath } from '../paths.js';

/**
 * Forgets what was asked as somebody else, and goes on to `next`, if that is a path of this site, else to the start.
 */
export function useEntrance(): (next: string | null) => void {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return (next) => {
    client.clear();
    navigate(localPath(next, location.origin), { replace: true });
  };
}
