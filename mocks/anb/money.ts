/** Amounts are bigint halalas inside and JSON numbers outside, written digit by digit so that no float touches them. */
const DECIMAL = /^(-?)(\d{1,15})(?:\.(\d{1,2}))?$/;

/** `-100.57` -> -10057n; undefined for anything that is not such a text. */
export function halalas(text: string): bigint | undefined {
  const parts = DECIMAL.exec(text);
  if (!parts) return undefined;
  const [, sign, whole = '', part = ''] = parts;
  const amount = BigInt(whole + part.padEnd(2, '0'));
  return sign === '-' ? -amount : amount;
}

/** Two decimals always: `250.00`. */
export function decimal(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(3, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** As the bank writes a JSON number, without needless zeros: `250`, `75.5`, `168367286668.95`. */
export function jsonNumber(amount: bigint): string {
  const text = decimal(amount);
  if (text.endsWith('.00')) return text.slice(0, -3);
  return text.endsWith('0') ? text.slice(0, -1) : text;
}
