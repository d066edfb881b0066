/**
 * The addresses to which this user has allowed a terminal's key to be sent, so that each is asked for
 * once. A consent is for one key: another key, which may belong to another service, is asked for again.
 */
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import path from 'node:path';

import { makeFolder } from '../files/makeFolder.ts';
import { writeJsonAtomically } from '../files/writeJsonAtomically.ts';
import type { BoundKey } from './engineKeys.ts';
import { readNote } from '../files/readNote.ts';
import { userData } from './userData.ts';

const DIGEST_BYTES = 32;
/** The oldest go; who has more engines than this is asked again. */
const MAXIMUM_CONSENTS = 100;

/** The key itself is nowhere: its digest tells only whether it is the same one. */
interface Consent {
  readonly origin: string;
  readonly salt: string;
  readonly digest: string;
}

export function hasConsent({ origin, key }: BoundKey): boolean {
  return consents().some(
    (consent) =>
      consent.origin === origin &&
      timingSafeEqual(digestOf(key, consent.salt), Buffer.from(consent.digest, 'hex')),
  );
}

/** Remembers that `key` may go to its origin. Without a home, or with a full disk, it is asked for again. */
export function rememberConsent({ origin, key }: BoundKey): void {
  const file = consentFile();
  if (file === undefined) return;
  const salt = randomBytes(16).toString('hex');
  const consent = { origin, salt, digest: digestOf(key, salt).toString('hex') };
  try {
    makeFolder(path.dirname(file));
    writeJsonAtomically(file, { consents: [...consents(), consent].slice(-MAXIMUM_CONSENTS) });
  } catch {
    // It was allowed for this time.
  }
}

function consents(): readonly Consent[] {
  const file = consentFile();
  const note = file === undefined ? undefined : readNote(file);
  const { consents: kept } = Object(note) as { readonly consents?: unknown };
  return Array.isArray(kept) ? kept.filter(isConsent) : [];
}

function isConsent(value: unknown): value is Consent {
  const { origin, salt, digest } = Object(value) as Partial<Record<keyof Consent, unknown>>;
  return (
    typeof origin === 'string' &&
    typeof salt === 'string' &&
    typeof digest === 'string' &&
    new RegExp(`^[0-9a-f]{${2 * DIGEST_BYTES}}$`).test(digest)
  );
}

function digestOf(key: string, salt: string): Buffer {
  return scryptSync(key, salt, DIGEST_BYTES);
}

function consentFile(): string | undefined {
  const folder = userData();
  return folder && path.join(folder, 'engine-consents.json');
}
