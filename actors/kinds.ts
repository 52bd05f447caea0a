/** All kinds of actors of the product: what a registry is made of. */
import type { Kind } from '../engine/actor.ts';
import { bankAccount } from './bank-account/decide.ts';
import { breakKind } from './break/decide.ts';
import { clearing } from './clearing/decide.ts';
import { numberRange } from './number-range/decide.ts';
import { owner } from './owner/decide.ts';
import { payment } from './payment/decide.ts';
import { reference } from './reference/decide.ts';
import { settlement } from './settlement/decide.ts';
import { settlementPage } from './settlement-page/decide.ts';
import { statementDay } from './statement-day/decide.ts';
import { statementLines } from './statement-lines/decide.ts';
import { virtualAccount } from './virtual-account/decide.ts';

export const KINDS: readonly Kind[] = [
  ...[owner, numberRange, virtualAccount, payment, reference, bankAccount],
  ...[statementDay, statementLines, clearing, settlement, settlementPage, breakKind],
];
