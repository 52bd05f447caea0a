/** Carries out the steps of a plan: customers, operators, the provider and the bank, each telling the model what it did. */
import { webhookMoments } from './outside.ts';
import type { Step } from './plan.ts';
import { openWallet, payByCard, read, settleAll, spend, transferTo } from './steps.ts';
import type { Parts, Wallet } from './steps.ts';
import { pause } from './world.ts';

const WEBHOOK_RETRIES_MS = [2_000, 4_000, 8_000, 16_000];
const STALE_MS = 2_000;

export interface StoryParts extends Parts {
  readonly webhookLoss: number;
  /** Wallets that the plan opens. */
  readonly wallets: number;
  readonly failed: (error: unknown) => void;
}

export interface Story {
  /** Begins a step; what fails in it is told by `failed`. */
  begin(step: Step): void;
  /** What bank and provider tell until then goes out so much later. */
  delayWebhooks(untilMs: number, byMs: number): void;
  /** Sends what bank and provider have to tell. */
  tellEvents(): void;
  /** The provider pays out what it still has. */
  settleRest(): void;
  /** Steps and webhooks under way. */
  open(): number;
  /** All wallets of the plan are open. */
  areOpened(): boolean;
  /** In the order in which the plan opens them. */
  readonly wallets: readonly Promise<Wallet>[];
}

export function createStory(parts: StoryParts): Story {
  const { world, outside, customers, failed } = parts;
  const wallets: Promise<Wallet>[] = [];
  const told: { readonly path: string; readonly body: string }[] = [];
  const state = { open: 0, opened: 0, keys: 0 };
  let late = { untilMs: 0, byMs: 0 };
  const key = (): string => `key-${String((state.keys += 1))}`;
  const track = (work: Promise<unknown>): void => {
    state.open += 1;
    void work.catch(failed).finally(() => (state.open -= 1));
  };
  const wallet = async (index: number): Promise<Wallet> => wallets[index] ?? Promise.reject(new Error(`no wallet ${String(index)}`));
  const open = (owner: string): Promise<Wallet> => {
    const opened = openWallet(parts, owner, key());
    wallets.push(opened);
    return opened.finally(() => (state.opened += 1));
  };
  const run = async (step: Step): Promise<unknown> => {
    switch (step.do) {
      case 'open':
        return open(step.owner);
      case 'transfer':
        return transferTo(parts, step, step.wallet === null ? null : await wallet(step.wallet));
      case 'top-up':
        return payByCard(parts, step, { wallet: await wallet(step.wallet), key: key() });
      case 'debit':
        return spend(parts, step, { wallet: await wallet(step.wallet), key: key() });
      case 'settle':
        return settleAll(parts, step.payoutAfterMs);
      case 'read':
        return read(parts, await wallet(step.wallet));
      case 'stale webhooks':
        for (const { path, body } of told) track(deliver(parts, { path, body }, world.random.integer(0, STALE_MS)));
        return null;
    }
  };
  return {
    begin(step) {
      track(run(step));
    },
    delayWebhooks(untilMs, byMs) {
      late = { untilMs, byMs };
    },
    tellEvents() {
      const byMs = world.nowMs() < late.untilMs ? late.byMs : 0;
      for (const event of outside.newEvents()) {
        told.push(event);
        for (const inMs of webhookMoments(world, { lossy: parts.webhookLoss, type: event.type }))
          track(deliver({ world, customers }, event, inMs + byMs));
      }
    },
    settleRest() {
      track(settleAll(parts, 0));
    },
    open: () => state.open,
    areOpened: () => state.opened === parts.wallets,
    wallets,
  };
}

/** As the provider does it: again and again, but not for ever. */
async function deliver(
  { world, customers }: Pick<StoryParts, 'world' | 'customers'>,
  event: { readonly path: string; readonly body: string },
  inMs: number,
): Promise<void> {
  await pause(world, inMs);
  for (const wait of WEBHOOK_RETRIES_MS) {
    const reply = await customers.once({ method: 'post', path: event.path, raw: event.body });
    if (reply !== null && reply.status < 300) return;
    await pause(world, wait);
  }
}
