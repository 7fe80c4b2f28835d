/** Something from the server that a part of a page needs: on its way, failed or there, with a way to ask again. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

export interface Loading<T> {
  /** The last one that came, also while a new one is on its way. */
  readonly value: T | undefined;
  readonly error: unknown;
  readonly busy: boolean;
  readonly reload: () => void;
}

/** @param about what it depends on: when that changes, it is loaded anew and the old value is gone */
export function useLoad<T>(load: () => Promise<T>, about: readonly unknown[] = []): Loading<T> {
  const [state, setState] = useState<Omit<Loading<T>, 'reload'>>({ value: undefined, error: undefined, busy: true });
  const turn = useRef(0);
  const latest = useRef(load);
  latest.current = load;
  const run = useCallback((isAnew: boolean) => {
    const mine = ++turn.current;
    setState((before) => ({ value: isAnew ? undefined : before.value, error: undefined, busy: true }));
    latest.current().then(
      (value) => mine === turn.current && setState({ value, error: undefined, busy: false }),
      (error: unknown) => mine === turn.current && setState((before) => ({ value: before.value, error, busy: false })),
    );
  }, []);
  useEffect(() => {
    run(true);
    return () => {
      turn.current += 1;
    };
  }, about);
  return { ...state, reload: () => run(false) };
}
