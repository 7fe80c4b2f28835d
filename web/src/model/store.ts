/** A value that components and plain modules share: whoever shows it is drawn again when it changes. */
import { useEffect, useState } from 'preact/hooks';

export interface Store<T> {
  get(): T;
  set(next: T): void;
  /** Returns what ends it. */
  subscribe(listener: (value: T) => void): () => void;
}

export function store<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener(next);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(shared: Store<T>): T {
  const [value, setValue] = useState(() => shared.get());
  useEffect(() => {
    // It may have changed between the first drawing and this moment.
    setValue(() => shared.get());
    return shared.subscribe((next) => setValue(() => next));
  }, [shared]);
  return value;
}
