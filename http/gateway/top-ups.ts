/** Card top-ups: request one, look at one, go and pay. */
import { z } from 'zod';
import type { PaymentState } from '../../actors/payment/state.ts';
import { checkoutUrl } from '../../actors/payment/state.ts';
import { topUpStatus, virtualAccountMessages } from '../../actors/virtual-account/messages.ts';
import type { TopUp } from '../../actors/virtual-account/state.ts';
import { findTopUp } from '../../actors/virtual-account/state.ts';
import { decide } from '../command.ts';
import { endpoint } from '../endpoint.ts';
import type { Caller, Endpoint } from '../endpoint.ts';
import { nameOf } from '../hashes.ts';
import { amountText, currencyText, wireAmount, withMinor } from '../money.ts';
import { Problem, problem } from '../problem.ts';
import type { View } from '../reading.ts';
import { moved } from './moved.ts';
import { ownWallet, ownerIdOf, walletOpening, walletParams } from './own.ts';
import type { GatewayParts } from './parts.ts';

/** The engine remembers keys this long; the payment itself remembers its request for ever. */
const KEYS_REMEMBERED_MS = 24 * 60 * 60 * 1000;

export const topUpSchema = z.object({
  id: z.string(),
  status: topUpStatus,
  amount: z.string(),
  currency: z.string(),
  checkoutUrl: z.string().describe('Send the customer there; it leads to the provider’s page.'),
  createdAt: z.string(),
});

const requestBody = z
  .strictObject({ amount: amountText, currency: currencyText, description: z.string().trim().min(1).max(200).optional() })
  .transform(withMinor);

const requested = z.object({ id: z.string(), status: topUpStatus, amount: z.string(), currency: z.string(), createdAt: z.number() });
type Requested = z.output<typeof requested>;

const topUpParams = walletParams.extend({ topUpId: z.string().max(64) });

export function topUpEndpoints(parts: GatewayParts): Endpoint[] {
  return [requestTopUp(parts), getTopUp(parts)];
}

function requestTopUp(parts: GatewayParts) {
  return endpoint({
    method: 'post',
    path: '/v1/wallets/:walletId/top-ups',
    tag: 'top-ups',
    summary: 'Ask for a top-up by card; the customer pays at checkoutUrl',
    access: 'client',
    keyed: true,
    params: walletParams,
    body: requestBody,
    replies: { 201: { description: 'The top-up; status paid follows when the provider has paid it out', schema: topUpSchema } },
    handle: async ({ caller, params, body, key, trace }) => {
      const topUpId = nameOf([parts.secret, caller.subject, params.walletId, 'top-ups', key]);
      const [{ owned, view }, payment] = await Promise.all([ownWallet(parts, caller, params.walletId), parts.payment(topUpId)]);
      if (view === null) throw walletOpening();
      if (body.currency !== owned.currency) throw problem(422, 'currency_mismatch', `This wallet is kept in ${owned.currency}.`);
      const description = body.description ?? null;
      const fingerprint = nameOf([body.minor.toString(), body.currency, description ?? '']);
      const old = oldTopUp({ id: topUpId, fingerprint, payment, nowMs: parts.system.wallMs() });
      if (old !== null) return created(parts, params.walletId, old);
      const { answer } = await decide(parts.ask, {
        schemas: virtualAccountMessages,
        to: `virtual-account:${params.walletId}`,
        type: 'RequestTopUp',
        body: { topUpId, owner: ownerIdOf(caller), amount: body.minor, currency: body.currency, description, fingerprint },
        id: `top-up/${topUpId}`,
        from: 'client:gateway',
        trace,
        answer: requested,
      });
      return created(parts, params.walletId, answer);
    },
  });
}

interface Known {
  readonly id: string;
  readonly fingerprint: string;
  /** Of that top-up, if there is one already. */
  readonly payment: View<PaymentState> | null;
  readonly nowMs: number;
}

/** The first answer of a key that the engine has forgotten: its payment never forgets. */
function oldTopUp({ id, fingerprint, payment, nowMs }: Known): Requested | null {
  const state = payment?.state;
  if (state === undefined || state.account === null || state.createdAt > nowMs - KEYS_REMEMBERED_MS) return null;
  if (state.fingerprint !== fingerprint) {
    throw problem(422, 'idempotency_key_reused', 'This Idempotency-Key was used for another request before.');
  }
  return { id, status: 'awaiting_payment', amount: state.amount.toString(), currency: state.currency, createdAt: state.createdAt };
}

function created(parts: GatewayParts, walletId: string, answer: Requested) {
  const body = wireTopUp(parts, { ...answer, amount: BigInt(answer.amount) });
  return { status: 201, body, headers: { Location: `/v1/wallets/${walletId}/top-ups/${answer.id}` } };
}

export function wireTopUp(
  parts: GatewayParts,
  { id, status, amount, currency, createdAt }: Pick<TopUp, 'id' | 'status' | 'amount' | 'createdAt'> & { readonly currency: string },
): z.output<typeof topUpSchema> {
  const page = `${parts.publicUrl()}/checkout/${id}`;
  return { id, status, amount: wireAmount(amount, currency), currency, checkoutUrl: page, createdAt: new Date(createdAt).toISOString() };
}

function getTopUp(parts: GatewayParts) {
  return endpoint({
    method: 'get',
    path: '/v1/wallets/:walletId/top-ups/:topUpId',
    tag: 'top-ups',
    summary: 'State of a top-up',
    access: 'client',
    params: topUpParams,
    replies: { 200: { description: 'The top-up', schema: topUpSchema } },
    handle: async ({ caller, params }) => {
      const { owned, view } = await ownWallet(parts, caller, params.walletId);
      const known = view === null ? undefined : findTopUp(view.state, params.topUpId);
      if (known !== undefined) return { status: 200, body: wireTopUp(parts, { ...known, currency: owned.currency }) };
      const state = paymentOf(await parts.payment(params.topUpId), caller, params.walletId);
      return { status: 200, body: wireTopUp(parts, { ...state, id: params.topUpId }) };
    },
  });
}

/** An old top-up is no longer in its wallet's state, but its payment lives for ever. */
function paymentOf(view: View<PaymentState> | null, caller: Caller, walletId: string): PaymentState {
  const state = view?.state;
  if (state?.owner !== ownerIdOf(caller) || state.account !== `virtual-account:${walletId}`) {
    throw problem(404, 'top_up_not_found', 'This wallet has no top-up of this id.');
  }
  return state;
}

// ---- checkout --------------------------------------------------------------------------------------------------------------------

const WAIT_MS = 10_000;

export type CheckoutParts = Pick<GatewayParts, 'payment' | 'watch' | 'system'>;

/** `/checkout/:topUpId`: ours, so that the client has an address before the provider's invoice exists. */
export function checkoutEndpoint(parts: CheckoutParts): Endpoint {
  return endpoint({
    method: 'get',
    path: '/checkout/:topUpId',
    tag: 'checkout',
    summary: 'Leads the customer to the provider’s page',
    access: 'public',
    params: z.object({ topUpId: z.string().regex(/^[\w-]{16,64}$/) }),
    replies: { 303: { description: 'To the provider’s page' } },
    handle: async ({ params, signal }) => {
      const url = await payable(parts, params.topUpId, signal);
      if (url !== null) return { status: 303, headers: { Location: url, 'Cache-Control': 'no-store' } };
      const detail = 'The provider has not answered yet; try again in a few seconds.';
      throw new Problem({ status: 503, code: 'checkout_not_ready', detail, headers: { 'Retry-After': '3' } });
    },
  });
}

/** Waits for an invoice that can be paid; null when there is none in time. */
async function payable(parts: CheckoutParts, topUpId: string, signal: AbortSignal): Promise<string | null> {
  const { system } = parts;
  const deadline = system.monotonicMs() + WAIT_MS;
  do {
    const payment = await parts.payment(topUpId);
    // The id is given out before its payment is decided, so a missing one is waited for a moment.
    if (payment !== null && payment.state.account !== null) {
      const url = checkoutUrl(payment.state);
      if (url !== null) return url;
      if (payment.state.status !== 'awaiting_payment') throw problem(410, 'checkout_over', 'This top-up cannot be paid any more.');
    } else if (system.monotonicMs() > deadline - WAIT_MS + MISSING_WAIT_MS) {
      throw problem(404, 'top_up_not_found', 'There is no top-up of this id.');
    }
    await moved(parts, `payment:${topUpId}`, LOOK_AGAIN_MS);
  } while (system.monotonicMs() < deadline && !signal.aborted);
  return null;
}

const MISSING_WAIT_MS = 2_000;
const LOOK_AGAIN_MS = 200;
