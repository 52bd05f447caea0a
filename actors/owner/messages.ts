/** What may be said to an owner: the client (`sub`) whose wallets these are. Id: the percent-encoded subject. */
import { z } from 'zod';
import { currencyCode } from '../money.ts';

export const ownerMessages = {
  /** Gateway. `key` is the hash of the idempotency key, `fingerprint` that of the client's body; `number` and `iban` come from the gateway's block. */
  OpenWallet: z.object({
    key: z.string(),
    fingerprint: z.string(),
    number: z.string().regex(/^\d{15}$/),
    iban: z.string(),
    currency: currencyCode,
    name: z.string().max(100).nullable(),
  }),
};
