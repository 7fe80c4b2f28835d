/**
 * A password as typed becomes what is judged and hashed: SP 800-63B-4 3.1.1.2. Every printing character and the space are taken,
 * each code point counts as one, and the text is brought to normal form C, so that an `é` typed on another keyboard is the same.
 */

export interface PasswordTextLimits {
  readonly passwordCodePointsMin: number;
  readonly passwordCodePointsMax: number;
  /** Of the text as typed: looked at before anything is done with it. */
  readonly passwordUnitsMax: number;
}

export type PasswordTextFault = 'PASSWORD_TOO_SHORT' | 'PASSWORD_TOO_LONG' | 'PASSWORD_CHARACTERS';

/** The text in normal form C and its length, or what keeps it from ever being a password here. */
export function readPassword(
  typed: string,
  limits: PasswordTextLimits,
): { readonly text: string; readonly codePoints: number } | { readonly fault: PasswordTextFault } {
  if (typed.length > limits.passwordUnitsMax) return { fault: 'PASSWORD_TOO_LONG' };
  // Half a surrogate pair has no UTF-8: two such passwords would be hashed as the same replacement character. Control
  // characters, NUL among them, are no printing ones and are cut or changed by many input fields on the way.
  if (!typed.isWellFormed() || /\p{Cc}/u.test(typed)) return { fault: 'PASSWORD_CHARACTERS' };
  const text = typed.normalize('NFC');
  const codePoints = Array.from(text).length;
  if (codePoints > limits.passwordCodePointsMax) return { fault: 'PASSWORD_TOO_LONG' };
  if (codePoints < limits.passwordCodePointsMin) return { fault: 'PASSWORD_TOO_SHORT' };
  return { text, codePoints };
}
