/** The JSON shapes of Moyasar's API. Amounts are integers in minor units; a fee includes its VAT. */
export type PaymentStatus =
  'initiated' | 'paid' | 'failed' | 'authorized' | 'captured' | 'refunded' | 'voided' | 'verified' | 'abandoned' | 'expired' | 'canceled';
export type InvoiceStatus = 'initiated' | 'paid' | 'failed' | 'refunded' | 'canceled' | 'on_hold' | 'expired' | 'voided';
export type Metadata = Record<string, string>;
export type Company = 'mada' | 'visa' | 'master' | 'amex';

export interface PaymentSource {
  type: string;
  company: Company;
  name: string | null;
  number: string;
  gateway_id: string;
  reference_number: string;
  token: string | null;
  message: string | null;
  transaction_url: string | null;
  response_code: string | null;
  authorization_code: string | null;
  issuer_name: string;
  issuer_country: string;
  issuer_card_type: string;
  issuer_card_category: string;
}

export interface Payment {
  id: string;
  status: PaymentStatus;
  amount: number;
  fee: number;
  currency: string;
  refunded: number;
  refunded_at: string | null;
  captured: number;
  captured_at: string | null;
  voided_at: string | null;
  description: string | null;
  amount_format: string;
  fee_format: string;
  refunded_format: string;
  captured_format: string;
  invoice_id: string | null;
  ip: string | null;
  callback_url: string | null;
  created_at: string;
  updated_at: string;
  metadata: Metadata | null;
  source: PaymentSource;
}

export interface Invoice {
  id: string;
  status: InvoiceStatus;
  amount: number;
  currency: string;
  description: string;
  logo_url: string | null;
  amount_format: string;
  url: string;
  callback_url: string | null;
  expired_at: string | null;
  created_at: string;
  updated_at: string;
  back_url: string | null;
  success_url: string | null;
  metadata: Metadata | null;
  payments: Payment[];
}

export interface Settlement {
  id: string;
  recipient_type: string;
  recipient_id: string;
  currency: string;
  /** The sum of the lines, before the bank's transfer fee. */
  amount: number;
  /** The transfer fee, its VAT included. */
  fee: number;
  tax: number;
  reference: null;
  settlement_count: number;
  invoice_url: string;
  csv_list_url: string;
  pdf_list_url: null;
  created_at: string;
}

export interface SettlementLine {
  payment_id: string;
  type: string;
  currency: string;
  /** Gross. */
  payment_amount: number;
  /** Net to the merchant, negative for money that goes back. */
  amount: number;
  fee: number;
  tax: number;
  reference_number: string;
  created_at?: string | undefined;
  captured_at?: string | undefined;
  refunded_at?: string | undefined;
  source?: string | undefined;
}

export interface Meta {
  current_page: number;
  next_page: number | null;
  prev_page: number | null;
  total_pages: number;
  total_count: number;
}

const DECIMALS: Readonly<Record<string, number>> = { JPY: 0, KWD: 3, BHD: 3, OMR: 3 };

/** `100.00 SAR`. */
export function formatAmount(amount: number, currency: string): string {
  return `${decimalText(amount, currency)} ${currency}`;
}

export function decimalText(amount: number, currency: string): string {
  const decimals = DECIMALS[currency] ?? 2;
  const digits = Math.abs(amount)
    .toString()
    .padStart(decimals + 1, '0');
  const sign = amount < 0 ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** Page `page` of the items, counted from 1. */
export function paged<T>(items: readonly T[], page: number, size: number): { items: T[]; meta: Meta } {
  const pages = Math.max(1, Math.ceil(items.length / size));
  return {
    items: items.slice((page - 1) * size, page * size),
    meta: {
      current_page: page,
      next_page: page < pages ? page + 1 : null,
      prev_page: page > 1 ? page - 1 : null,
      total_pages: pages,
      total_count: items.length,
    },
  };
}
