/** The mark: a barrier that is up. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 23V10m0 3 14-4M23 23v-6" />
    </svg>
  );
}
