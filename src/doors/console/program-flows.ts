/** What the console's API needs of whoever lets programs act for people: what one asks, and what the person says. */

export interface AskingView {
  readonly program: {
    readonly name: string;
    readonly title: string;
    /** Where its people come back to. */
    readonly host: string;
  };
  /** What it would do with images: `find`, `get`, `store`. Empty when there is nothing that both it and the person may. */
  readonly operations: readonly string[];
  /** As whom. */
  readonly account: string;
  /** How long one token is good. */
  readonly minutes: number;
  /** It goes on without a question until then at the latest, ISO 8601; absent when it asks again. */
  readonly renewedUntil?: string;
}

/** Each throws LeadglassError with a text that is safe for a stranger. */
export interface ProgramFlows {
  /** Ties a question to the browser that was sent here with it: this cookie holds the question's number. */
  readonly cookie: string;
  /** @param secret of the session of who is asked */
  asking(secret: string, request: string): Promise<AskingView>;
  /** @returns the path where the browser goes on, which leads back to the program */
  decide(secret: string, given: { readonly request: string; readonly allow: boolean }): Promise<string>;
}
