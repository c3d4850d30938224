/** Short words on what was done, which go away by themselves. What went wrong stands where it went wrong, not here. */
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';

const SHOWN_MS = 4_000;

interface ToastText {
  readonly id: number;
  readonly text: string;
}

const ToastContext = createContext<(text: string) => void>(() => undefined);

/** Says something. */
export const useToast = (): ((text: string) => void) => useContext(ToastContext);

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly ToastText[]>([]);
  const say = useCallback((text: string) => {
    const id = performance.now();
    setToasts((shown) => [...shown.slice(-2), { id, text }]);
    setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.id !== id)), SHOWN_MS);
  }, []);
  const list = useMemo(() => toasts.map(({ id, text }) => <p key={id}>{text}</p>), [toasts]);
  return (
    <ToastContext value={say}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {list}
      </div>
    </ToastContext>
  );
}
