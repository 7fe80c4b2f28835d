/** Passkeys in Chromium: an authenticator that is not there, and what everybody does with it first. */
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';

/** An authenticator as a phone has it, present and willing. */
export async function addAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/**
 * On the page of an invitation: makes a passkey, and signs in with it.
 * @param make does what makes it, where that is more than a click
 */
export async function enrolByPasskey(
  page: Page,
  make = (): Promise<void> => page.getByRole('button', { name: 'Make a passkey' }).click(),
): Promise<void> {
  // The browser offers the new passkey by itself on the page that follows; where it waits, the button is there.
  const signedIn = page.waitForResponse(/\/api\/sign-in\/passkey$/);
  await make();
  const button = page.getByRole('button', { name: 'Sign in with a passkey' });
  await Promise.race([signedIn, button.click().catch(() => undefined)]);
  assert.equal((await signedIn).status(), 200);
}
