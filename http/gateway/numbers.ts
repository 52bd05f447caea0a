/** Wallet numbers: the gateway takes blocks of them from the range's actor and hands them out; what it does not use is skipped for ever. */
import { composeIBAN } from 'ibantools';

export interface Block {
  readonly from: string;
  readonly to: string;
}

/** Makes the function that gives the next number; concurrent callers share one request for a block. */
export function createNumbers(takeBlock: () => Promise<Block>): () => Promise<string> {
  let next = 0n;
  let last = -1n;
  let asking: Promise<void> | null = null;
  const refill = async (): Promise<void> => {
    const block = await takeBlock();
    next = BigInt(block.from);
    last = BigInt(block.to);
  };
  return async () => {
    while (next > last) {
      asking ??= refill().finally(() => {
        asking = null;
      });
      await asking;
    }
    const number = next.toString().padStart(15, '0');
    next += 1n;
    return number;
  };
}

/** The virtual IBAN of a number: country, check digits, bank, prefix, number. */
export function ibanOf(number: string, bank: { readonly code: string; readonly prefix: string }): string {
  const iban = composeIBAN({ countryCode: 'SA', bban: `${bank.code}${bank.prefix}${number}` });
  if (iban === null) throw new Error(`no IBAN can be made of bank ${bank.code}, prefix ${bank.prefix} and ${number}`);
  return iban;
}
