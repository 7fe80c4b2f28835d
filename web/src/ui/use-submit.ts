/** A form on its way: busy, its error, and the focus on the first field with a fault. */
import { useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.ts';
import { StepUpCancelled } from '../model/step-up.ts';
import { errorWords, faultOf } from './errors.ts';

export interface Submitting {
  readonly busy: boolean;
  /** What stands above the form: faults of no field. */
  readonly problem: string | undefined;
  readonly fault: (field: string) => string | undefined;
  readonly clear: () => void;
  readonly run: (form?: HTMLElement | null) => Promise<void>;
  readonly onSubmit: (event: Event) => void;
}

/**
 * @param work what is done; it throws what the server refused
 * @param fields which fields show their own faults
 * @param check faults that are seen before anything is sent, by field
 */
export function useSubmit(
  work: () => Promise<void>,
  {
    fields = [],
    check,
  }: { readonly fields?: readonly string[]; readonly check?: () => Readonly<Record<string, string | undefined>> } = {},
): Submitting {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const [faults, setFaults] = useState<Readonly<Record<string, string | undefined>>>({});
  const working = useRef(false);
  const run = async (form?: HTMLElement | null): Promise<void> => {
    if (working.current) return;
    const found = check?.() ?? {};
    setFaults(found);
    setError(undefined);
    if (Object.values(found).some((fault) => fault !== undefined)) {
      focusFault(form);
      return;
    }
    working.current = true;
    setBusy(true);
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof StepUpCancelled)) setError(thrown);
      if (thrown instanceof ApiError && thrown.field !== undefined) focusFault(form);
    } finally {
      working.current = false;
      setBusy(false);
    }
  };
  const isAtField = fields.some((field) => faultOf(error, field) !== undefined);
  return {
    busy,
    problem: error === undefined || isAtField ? undefined : errorWords(error),
    fault: (field) => faults[field] ?? faultOf(error, field),
    clear: () => {
      setError(undefined);
      setFaults({});
    },
    run,
    onSubmit: (event) => {
      event.preventDefault();
      void run(event.currentTarget instanceof HTMLElement ? event.currentTarget : undefined);
    },
  };
}

function focusFault(form: HTMLElement | null | undefined): void {
  requestAnimationFrame(() => {
    const field = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
    field?.focus();
  });
}
