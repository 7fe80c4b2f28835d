/** The keys of research projects: what leads from a patient to the pseudonym that a project knows. */
import { randomBytes } from 'node:crypto';
import type { SecretStore } from './secret-store.ts';

const keyBytes = 32;

/** The key of a project, made when it is asked for first; without it nothing leads back, and nothing new leads to the same names. */
export function projectKeys(secrets: SecretStore): (project: string) => Uint8Array {
  return (project) => {
    const name = `project.${project}`;
    const known = secrets.read(name);
    if (known !== undefined) return known;
    const key = randomBytes(keyBytes);
    secrets.create(name, key);
    return key;
  };
}
