/** Messages to a virtual account as tests write them: amounts in riyals are told in halalas. */
import type { TopUpStatus } from '../messages.ts';

export const NUMBER = '123170000000017';
export const SELF = `virtual-account:${NUMBER}` as const;
export const IBAN = 'SA8530100123170000000017';

export const opened = () => ({ type: 'OpenAccount' as const, body: { owner: 'alice', iban: IBAN, currency: 'SAR', name: null } });

export const credited = (amount: bigint, over: { source?: string; currency?: string } = {}) => ({
  type: 'Credit' as const,
  body: {
    source: 'acc/line-1',
    amount,
    currency: 'SAR',
    sender: 'Sara',
    narrative: 'rent',
    valueDate: '2026-11-23',
    via: 'transfer' as const,
    ...over,
  },
});

export const recalled = (amount: bigint, over: { source?: string; currency?: string } = {}) => ({
  type: 'RecallCredit' as const,
  body: { source: 'acc/line-9', amount, currency: 'SAR', narrative: 'rent', ...over },
});

export const debited = (amount: bigint, over: { reference?: string; currency?: string } = {}) => ({
  type: 'Debit' as const,
  body: { amount, currency: 'SAR', reference: '0000000000000077', purpose: 'Fund A', by: 'ops', ...over },
});

export const outgoingSettled = (amount: bigint, over: { reference?: string; currency?: string } = {}) => ({
  type: 'OutgoingSettled' as const,
  body: { reference: '0000000000000077', amount, currency: 'SAR', source: 'acc/line-5', ...over },
});

export const requested = (amount = 10_000n, over: { topUpId?: string; owner?: string; currency?: string; fingerprint?: string } = {}) => ({
  type: 'RequestTopUp' as const,
  body: { topUpId: 't1', owner: 'alice', amount, currency: 'SAR', description: 'Savings', fingerprint: 'f1', ...over },
});

export const pending = (amount = 10_000n, topUpId = 't1') => ({
  type: 'TopUpPending' as const,
  body: { topUpId, amount, currency: 'SAR' },
});

export const settled = (fee: bigint, gross = 10_000n, topUpId = 't1') => ({
  type: 'TopUpSettled' as const,
  body: { topUpId, gross, fee, currency: 'SAR', document: 'doc', row: 'doc/1/0' },
});

export const reversed = (amount: bigint, status: TopUpStatus = 'refunded', topUpId = 't1') => ({
  type: 'TopUpReversed' as const,
  body: { topUpId, amount, currency: 'SAR', cause: status === 'charged_back' ? ('chargeback' as const) : ('refund' as const), status },
});

export const statusChanged = (status: TopUpStatus, topUpId = 't1') => ({ type: 'TopUpStatusChanged' as const, body: { topUpId, status } });

export const setStatus = (status: 'active' | 'frozen' | 'retired') => ({
  type: 'SetStatus' as const,
  body: { status, reason: 'asked', by: 'ops' },
});
