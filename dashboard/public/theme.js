// Before the first paint: the theme that was chosen here, if any. A file of its own, for inline scripts are refused.
try {
  const theme = localStorage.getItem('tollgate-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // storage is refused: the system's theme it is
}
