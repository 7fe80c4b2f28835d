/** The limits of this part as a type, with numbers where limits.ts has its own values, so that tests can take others. */
import type { limits } from '../limits.ts';

type Widened<T> = T extends number ? number : { readonly [K in keyof T]: Widened<T[K]> };

export type PeopleLimits = Widened<(typeof limits)['people']>;
