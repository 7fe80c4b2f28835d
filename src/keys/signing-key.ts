/**
 * The Ed25519 key that signs the ledger's checkpoints. Its public half lies beside the ledger for auditors; they should
 * keep a copy elsewhere, since whoever can change the ledger can change that file too.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './durable-file.ts';
import type { SecretStore } from './secret-store.ts';

const secretName = 'ledger-signing.key';

export interface SigningKey {
  readonly publicKeyPem: string;
  sign(bytes: Uint8Array): Buffer;
}

/**
 * The signing key of an installation; a first start makes it. Writes `public-key.pem` into the ledger's folder when it is
 * missing or another one.
 */
export function openSigningKey(secrets: SecretStore, ledgerDirectory: string): SigningKey {
  let der = secrets.read(secretName);
  if (der === undefined) {
    der = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' });
    secrets.create(secretName, der);
  }
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKeyPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
  publish(join(ledgerDirectory, 'public-key.pem'), publicKeyPem, ledgerDirectory);
  return { publicKeyPem, sign: (bytes) => sign(null, bytes, privateKey) };
}

function publish(path: string, pem: string, directory: string): void {
  try {
    if (readFileSync(path, 'utf8') === pem) return;
  } catch {
    // Not there yet, or not readable: written anew.
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  replaceFile(path, pem, 0o644);
}
