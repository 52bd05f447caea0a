/** What a page of settlement rows remembers: the rows until each was answered, then only how they ended. */
import { z } from 'zod';
import type { ActorId } from '../../engine/message.ts';
import { actorId, currencyCode } from '../money.ts';
import { settlementRow, settlementTerms } from '../payment/messages.ts';
import type { SettlementRow, SettlementTerms } from '../payment/messages.ts';

export const settlementPageState = z.object({
  /** `stored` rows may still be replaced, `released` ones are on their way to their payments, `done` ones are answered and gone. */
  status: z.enum(['empty', 'stored', 'released', 'done']),
  /** The settlement that is told, e.g. `settlement:moyasar:<document>`. */
  settlement: actorId.nullable(),
  provider: z.string(),
  document: z.string(),
  page: z.number().int(),
  currency: currencyCode.nullable(),
  terms: settlementTerms.nullable(),
  rows: z.array(settlementRow).readonly(),
  /** Rows that were sent on and not answered yet, by index. */
  waiting: z.array(z.number().int()).readonly(),
  credited: z.number().int(),
  broken: z.number().int(),
});
export type SettlementPage = z.output<typeof settlementPageState>;

export type SettlementPageEvent =
  | {
      readonly type: 'RowsStored';
      readonly settlement: ActorId;
      readonly provider: string;
      readonly document: string;
      readonly page: number;
      readonly currency: string;
      readonly terms: SettlementTerms;
      readonly rows: readonly SettlementRow[];
    }
  | { readonly type: 'RowsReleased'; readonly waiting: readonly number[]; readonly broken: number }
  | { readonly type: 'RowEnded'; readonly index: number; readonly outcome: 'credited' | 'broken' }
  | { readonly type: 'RowsDropped' };

export function initial(): SettlementPage {
  return {
    status: 'empty',
    settlement: null,
    provider: '',
    document: '',
    page: 0,
    currency: null,
    terms: null,
    rows: [],
    waiting: [],
    credited: 0,
    broken: 0,
  };
}

export function evolve(state: SettlementPage, event: SettlementPageEvent): SettlementPage {
  switch (event.type) {
    case 'RowsStored': {
      const { type: _type, ...stored } = event;
      return { ...state, ...stored, status: 'stored' };
    }
    case 'RowsReleased':
      return { ...state, status: 'released', waiting: event.waiting, broken: event.broken };
    case 'RowEnded': {
      const waiting = state.waiting.filter((index) => index !== event.index);
      return { ...state, waiting, [event.outcome]: state[event.outcome] + 1 };
    }
    case 'RowsDropped':
      return { ...state, status: 'done', rows: [], terms: null };
  }
}
