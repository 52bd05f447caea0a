/**
 * Whose money a credit line is: read from its text by configured locators and patterns.
 *
 * N1  Only numbers inside our ranges count, as a whole IBAN or as exactly 15 digits that no further digit touches.
 * N2  Exactly one claim decides. None, or two different ones, is nobody: never a guess.
 * N3  Every text is read once, character by character: a hostile narrative costs no more than a long one.
 */
import type { Attribution, StatementLine } from './statement-line.ts';

export type Owner =
  | { readonly to: 'wallet'; readonly number: string }
  | { readonly to: 'provider'; readonly provider: string }
  | { readonly to: 'platform' }
  | { readonly to: 'return' }
  | { readonly to: 'nobody'; readonly why: 'none' | 'several'; readonly candidates: readonly string[] };

type Locator = Attribution['locators'][number];

const NUMBER_LENGTH = 15;
const CHECK_DIGITS = 2;
const [ZERO, NINE, SPACE, S, A] = [48, 57, 32, 83, 65];
const TO_UPPER = 0xdf; // clears the bit that tells small letters from capital ones

export function attribute(line: StatementLine, attribution: Attribution): Owner {
  if (line.code !== null && attribution.returnCodes.includes(line.code)) return { to: 'return' };
  const numbers = numbersNamed(line, attribution);
  const provider = providerNamed(line, attribution);
  const platform = platformNamed(line, attribution);
  const claims = numbers.length + (provider === null ? 0 : 1) + (platform ? 1 : 0);
  if (claims === 0) return { to: 'nobody', why: 'none', candidates: [] };
  if (claims > 1) return { to: 'nobody', why: 'several', candidates: candidates(numbers, provider, platform) };
  const [number] = numbers;
  if (number !== undefined) return { to: 'wallet', number };
  return provider === null ? { to: 'platform' } : { to: 'provider', provider };
}

/** The wallet a recalled credit was for, or null when the line names none or several. */
export function walletNamed(line: StatementLine, attribution: Attribution): string | null {
  const numbers = numbersNamed(line, attribution);
  return numbers.length === 1 ? (numbers[0] ?? null) : null;
}

function candidates(numbers: readonly string[], provider: string | null, platform: boolean): string[] {
  return [...numbers, ...(provider === null ? [] : [`provider ${provider}`]), ...(platform ? ['platform'] : [])];
}

/** Our numbers that the line names, each once, in the order of the locators. The joined narrative is asked when no part alone names one. */
function numbersNamed(line: StatementLine, attribution: Attribution): string[] {
  const found: string[] = [];
  for (const locator of attribution.locators) {
    if (locator === 'joined' && found.length > 0) continue;
    collectNumbers(textAt(line, locator), attribution, found);
  }
  return found;
}

function textAt(line: StatementLine, locator: Locator): string {
  switch (locator) {
    case 'iban':
      return line.iban ?? '';
    case 'narrative1':
      return line.narratives[0] ?? '';
    case 'narrative2':
      return line.narratives[1] ?? '';
    case 'narrative3':
      return line.narratives[2] ?? '';
    case 'joined':
      return line.narratives.join('');
  }
}

function collectNumbers(text: string, attribution: Attribution, found: string[]): void {
  const { length } = text;
  if (length < NUMBER_LENGTH) return;
  let digits = 0;
  for (let at = 0; at <= length; at += 1) {
    const code = at < length ? text.charCodeAt(at) : SPACE;
    if (code >= ZERO && code <= NINE) {
      digits += 1;
      continue;
    }
    if (digits === NUMBER_LENGTH) keep(text.slice(at - NUMBER_LENGTH, at), attribution, found);
    digits = 0;
    if (isCountry(text, at)) keep(ibanNumber(text, at + 2, attribution.ibanPrefix), attribution, found);
  }
}

function isCountry(text: string, at: number): boolean {
  return (text.charCodeAt(at) & TO_UPPER) === S && (text.charCodeAt(at + 1) & TO_UPPER) === A;
}

/** The number in the IBAN of ours whose check digits begin at `at`, spaces between digits allowed; empty when it is none. */
function ibanNumber(text: string, at: number, prefix: string): string {
  const wanted = CHECK_DIGITS + prefix.length + NUMBER_LENGTH;
  let digits = '';
  let next = at;
  for (; next < text.length && digits.length < wanted; next += 1) {
    const code = text.charCodeAt(next);
    if (code === SPACE) continue;
    if (code < ZERO || code > NINE) return '';
    digits += text.charAt(next);
  }
  const touching = text.charCodeAt(next);
  if (digits.length < wanted || (touching >= ZERO && touching <= NINE)) return '';
  return digits.startsWith(prefix, CHECK_DIGITS) ? digits.slice(CHECK_DIGITS + prefix.length) : '';
}

function keep(number: string, { numberFrom, numberTo }: Attribution, found: string[]): void {
  if (number >= numberFrom && number <= numberTo && !found.includes(number)) found.push(number);
}

/** The first provider whose pattern a narrative or the other side's name contains. */
function providerNamed(line: StatementLine, { providers }: Attribution): string | null {
  if (providers.length === 0) return null;
  const text = [line.party ?? '', ...line.narratives].join('\n').toUpperCase();
  return providers.find(({ patterns }) => patterns.some((pattern) => text.includes(pattern)))?.provider ?? null;
}

function platformNamed(line: StatementLine, { platformIbans }: Attribution): boolean {
  if (platformIbans.length === 0) return false;
  const text = compact([line.iban ?? '', ...line.narratives].join('\n'));
  return platformIbans.some((iban) => text.includes(compact(iban)));
}

function compact(text: string): string {
  return text.replaceAll(' ', '').toUpperCase();
}
