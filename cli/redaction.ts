// What must not be read in anything that a process prints: its own secrets in every form they travel in, tokens, card numbers.

/** Text with what nobody may read replaced. */
export type Redact = (text: string) => string;

export const CENSOR = '[redacted]';

/** `Authorization` values, wherever somebody quotes them back. */
const CREDENTIALS = /\b(Basic|Bearer)[ +]+[\w.~+/=-]{8,}/gi;
const TOKEN = /\beyJ[\w-]{8,}\.[\w-]{2,}\.[\w-]*/g;
/** User and password of an address: drivers put it into their messages. */
const USER_INFO = /(\b[a-z][a-z+]{1,20}:\/\/)[^\s/@]+@/g;
/** Cards of 16 digits, bare or in fours, of the schemes that there are. Our own numbers begin with 0 and 1. */
const CARD = /\b[2-69]\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}\b/g;

/** `secrets`: the values of this process. One shorter than eight characters would blot out words. */
export function createRedact(secrets: readonly string[] = []): Redact {
  const known = [...new Set(secrets.flatMap(formsOf))].sort((one, other) => other.length - one.length);
  return (text) => {
    const withoutSecrets = known.reduce((rest, secret) => rest.replaceAll(secret, CENSOR), text);
    return withoutSecrets
      .replaceAll(USER_INFO, `$1${CENSOR}@`)
      .replaceAll(TOKEN, CENSOR)
      .replaceAll(CREDENTIALS, `$1 ${CENSOR}`)
      .replaceAll(CARD, (digits) => (isCard(digits.replaceAll(/\D/g, '')) ? CENSOR : digits));
  };
}

const SECRET_CHARS_MIN = 8;

/** As it is, in JSON, in a URL, in a form, and in Basic authentication. */
function formsOf(secret: string): string[] {
  if (secret.length < SECRET_CHARS_MIN) return [];
  const base64 = (text: string): string => Buffer.from(text).toString('base64').replaceAll('=', '');
  const form = new URLSearchParams({ x: secret }).toString().slice('x='.length);
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), form, base64(secret), base64(`${secret}:`)];
}

/** Luhn's check. */
function isCard(digits: string): boolean {
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, digit, index) => {
      const value = index % 2 === 1 ? Number(digit) * 2 : Number(digit);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
}
