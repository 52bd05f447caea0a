import { z } from 'zod';
import { Refusal } from '../control/refusal.ts';

const metadata = z.record(z.string(), z.string());
const amount = z.int('must be an integer');
const currency = z.string().regex(/^[A-Z]{3}$/, 'is invalid');
const url = z.url('is invalid');
const expiry = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'is invalid');

export const invoiceBody = z.object({
  amount: amount.min(100, 'must be greater than or equal to 100'),
  currency,
  description: z.string().min(1, "can't be blank"),
  callback_url: url.nullish(),
  success_url: url.nullish(),
  back_url: url.nullish(),
  expired_at: expiry.nullish(),
  metadata: metadata.nullish(),
});

export const invoiceChange = invoiceBody.partial();

const card = z.object({
  type: z.literal('creditcard'),
  name: z.string().regex(/^\S+\s+\S+/, 'must have two words'),
  number: z.string().regex(/^\d{15,16}$/, 'is invalid'),
  month: z.coerce.number().int().min(1).max(12),
  year: z.coerce.number().int(),
  cvc: z.union([z.string(), z.number()]),
  '3ds': z.boolean().optional(),
  manual: z.boolean().optional(),
});
const token = z.object({ type: z.enum(['applepay', 'samsungpay', 'googlepay']), token: z.string().min(1), manual: z.boolean().optional() });

export const paymentBody = z.object({
  amount: amount.min(100, 'must be greater than or equal to 100'),
  currency,
  source: z.discriminatedUnion('type', [card, token]),
  description: z.string().nullish(),
  callback_url: url.nullish(),
  given_id: z.uuid('is invalid').nullish(),
  metadata: metadata.nullish(),
});
export type PaymentBody = z.output<typeof paymentBody>;

export const paymentChange = z.object({ description: z.string().nullish(), metadata: metadata.nullish() });
export const partAmount = z.object({ amount: amount.positive('must be greater than 0').optional() });
export const webhookBody = z.object({
  url,
  http_method: z.enum(['post', 'put', 'patch']),
  shared_secret: z.string().min(1),
  events: z.array(z.string()).optional(),
});
export const bulkBody = z.object({ invoices: z.array(invoiceBody).min(1).max(50) });

/** The body as its schema reads it, or the provider's 400 with its list of fields. */
export function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const fields: Record<string, string[]> = {};
  for (const { path, message } of parsed.error.issues) (fields[path.join('.')] ??= []).push(message);
  throw new Refusal(400, 'Validation Failed', fields);
}
