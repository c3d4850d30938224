/** Short words on what was done, which go away by themselves. What went wrong stands where it went wrong, not here. */
import {
  createContext,
  useCallback,
  useContext,
  useId,
  useLayoutEffect,
  useMemo,
  useState,
  type ReactNode,
} from 'react';

const SHOWN_MS = 4_000;

interface ToastText {
  readonly id: number;
  readonly text: string;
}

interface ToastPlaces {
  readonly toasts: readonly ToastText[];
  /** the dialog that shows them */
  readonly top: string | undefined;
  /** a dialog that lies over all others until it is left */
  readonly enter: (place: string) => () => void;
}

const SayContext = createContext<(text: string) => void>(() => undefined);
const PlacesContext = createContext<ToastPlaces>({ toasts: [], top: undefined, enter: () => () => undefined });

/** Says something. */
export const useToast = (): ((text: string) => void) => useContext(SayContext);

export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly ToastText[]>([]);
  const [places, setPlaces] = useState<readonly string[]>([]);
  const say = useCallback((text: string) => {
    const id = performance.now();
    setToasts((shown) => [...shown.slice(-2), { id, text }]);
    setTimeout(() => setToasts((shown) => shown.filter((toast) => toast.id !== id)), SHOWN_MS);
  }, []);
  const enter = useCallback((place: string) => {
    setPlaces((before) => [...before, place]);
    return () => setPlaces((before) => before.filter((each) => each !== place));
  }, []);
  const value = useMemo(() => ({ toasts, top: places.at(-1), enter }), [toasts, places, enter]);
  return (
    <SayContext value={say}>
      <PlacesContext value={value}>
        {children}
        <ToastList toasts={places.length === 0 ? toasts : []} />
      </PlacesContext>
    </SayContext>
  );
}

/**
 * Where toasts are shown in place of the page while the dialog that holds it is open, the uppermost one alone: outside
 * of a modal dialog they would lie below its backdrop, and be inert.
 */
export function DialogToasts() {
  const { toasts, top, enter } = useContext(PlacesContext);
  const id = useId();
  useLayoutEffect(() => enter(id), [enter, id]);
  return <ToastList toasts={top === id ? toasts : []} />;
}

function ToastList({ toasts }: { readonly toasts: readonly ToastText[] }) {
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text }) => (
        <p key={id}>{text}</p>
      ))}
    </div>
  );
}
